using System.Runtime.Versioning;
using MagAlloc.Sharing.Platform;
using MagAlloc.Tests.Platform;
using MagAlloc.Tests.Sharing.Support;

namespace MagAlloc.Tests.Sharing;

/// <summary>Owners that send what none may: the importer says no, closes what came, and goes on.</summary>
[Platform("Linux")]
[SupportedOSPlatform("linux")]
public sealed class HostileOwnerTests
{
    private const int Good = MemoryFiles.SealShrink | MemoryFiles.SealGrow | MemoryFiles.SealSeals;

    private static IEnumerable<TestCaseData> Welcomes()
    {
        yield return Case("nothing, and leaves", BufferError.Ended, owner => owner.HangUp());
        yield return Case("an empty message", BufferError.Ended, owner => MessageSocket.TrySend(owner.Socket, []));
        yield return Case("one byte", BufferError.Invalid, owner => MessageSocket.TrySend(owner.Socket, [1]));
        yield return Case("a long message", BufferError.Invalid, owner => MessageSocket.TrySend(owner.Socket, new byte[1000]));
        yield return Case("another kind", BufferError.Invalid, owner => owner.Welcome(owner.Control.Readable, owner.Control.Bytes, MessageKind.Export));
        yield return Case("no page", BufferError.TooManyFiles, owner => owner.Welcome(null, owner.Control.Bytes));
        yield return Case("a page of no length", BufferError.Invalid, owner => owner.Welcome(owner.Control.Readable, 0));
        yield return Case("a page of a negative length", BufferError.Invalid, owner => owner.Welcome(owner.Control.Readable, -4096));
        yield return Case("a page that is shorter than said", BufferError.Invalid, owner => owner.Welcome(owner.Control.Readable, owner.Control.Bytes + 1));
        yield return Case("a page that can shrink", BufferError.Invalid, owner => owner.Welcome(MemoryFile.Create(MemoryFiles.SealGrow), 4096));
        yield return Case("no memory file", BufferError.BadDescriptor, owner => owner.Welcome(Doorbell.Create(), 4096));
        yield return Case("nothing, and stays", BufferError.TryAgain, _ => { });

        static TestCaseData Case(string name, BufferError error, Action<RawOwner> welcome) => new TestCaseData(error, welcome).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(Welcomes))]
    public void WhoIsWelcomedWith(BufferError error, Delegate welcome)
    {
        OpenFiles before = OpenFiles.Count();
        using (RawOwner owner = new())
        {
            Task<BufferImporter> connecting = owner.Accept(new BufferImporterOptions { ConnectTimeout = TimeSpan.FromMilliseconds(error == BufferError.TryAgain ? 50 : 10_000) });
            ((Action<RawOwner>)welcome)(owner);
            BufferException refused = Shared.Refused(error, () => connecting.GetAwaiter().GetResult());
            Assert.That(refused.Message, Does.StartWith("importer: "));
        }

        GC.Collect();
        GC.WaitForPendingFinalizers();
        before.AssertNothingMore();
    }

    private static IEnumerable<TestCaseData> Exports()
    {
        yield return Case("no descriptor", BufferError.TooManyFiles, owner => owner.Export(0, 1, null, MemoryFile.Bytes));
        yield return Case("a bell", BufferError.BadDescriptor, owner => Send(owner, Doorbell.Create()!));
        yield return Case("its own socket", BufferError.BadDescriptor, owner => owner.Export(0, 1, owner.Socket, 1));
        yield return Case("no seals", BufferError.Invalid, owner => Send(owner, Reader(0)));
        yield return Case("no seal against shrinking", BufferError.Invalid, owner => Send(owner, Reader(MemoryFiles.SealGrow)));
        yield return Case("immutable, and not sealed against writing", BufferError.Invalid, owner => Send(owner, Reader(Good), profile: BufferProfile.Immutable));
        yield return Case("one byte too short", BufferError.Invalid, owner => Send(owner, Reader(Good), MemoryFile.Bytes + 1));
        yield return Case("not of whole pages", BufferError.Invalid, owner => Send(owner, Reader(Good), MemoryFile.Bytes - 1));
        yield return Case("much too short", BufferError.Invalid, owner => Send(owner, Reader(Good), long.MaxValue));
        yield return Case("of no length", BufferError.Invalid, owner => Send(owner, Reader(Good), 0));
        yield return Case("of a negative length", BufferError.Invalid, owner => Send(owner, Reader(Good), -1));
        yield return Case("no such profile", BufferError.Invalid, owner => Send(owner, Reader(Good), profile: (BufferProfile)9));
        yield return Case("for writing, opened for reading", BufferError.Invalid, owner => Send(owner, Reader(Good), writable: true));
        yield return Case("for reading, opened for writing", BufferError.Invalid, owner => Send(owner, MemoryFile.Create(Good)));
        yield return Case("revocable, unasked", BufferError.Invalid, owner => Send(owner, Reader(MemoryFiles.SealGrow), profile: BufferProfile.Revocable));
        yield return Case("longer than any address space", BufferError.OutOfMemory, owner => Send(owner, Endless(), 1L << 60));

        static TestCaseData Case(string name, BufferError error, Action<RawOwner> export) => new TestCaseData(error, export).SetArgDisplayNames(name);

        static void Send(RawOwner owner, FileDescriptor file, long? bytes = null, BufferProfile profile = BufferProfile.Stable, bool writable = false)
        {
            owner.Export(0, 1, file, bytes ?? MemoryFile.Bytes, profile, writable);
            file.Dispose();
        }

        static FileDescriptor Endless()
        {
            using FileDescriptor file = MemoryFiles.Create("test", reservedHugePages: false)!;
            Assert.That(MemoryFiles.TrySetLength(file, 1L << 60) && MemoryFiles.TryAddSeals(file, Good), Is.True);
            return MemoryFile.Reopen(file);
        }
    }

    [TestCaseSource(nameof(Exports))]
    public void WhoIsGiven(BufferError error, Delegate export)
    {
        using RawOwner owner = new();
        using BufferImporter importer = owner.Meet();
        OpenFiles before = OpenFiles.Count();
        ((Action<RawOwner>)export)(owner);
        Shared.Refused(error, () => importer.TryReceive(out _, Shared.Soon));
        before.AssertNothingMore();
        SharingMessage refused = owner.Hear();
        Assert.That((refused.Kind, refused.Slot, refused.Generation, refused.Index), Is.EqualTo((MessageKind.Refused, 0, 1u, (int)error)), "the owner is told");
        Assert.That((importer.IsConnected, importer.Imports.Count), Is.EqualTo((true, 0)));

        using FileDescriptor good = Reader(Good);
        owner.Export(0, 2, good, MemoryFile.Bytes);
        Assert.That(importer.TryImport(out BufferImport? import, Shared.Soon), Is.True, "it goes on");
        Assert.That((import!.Length, owner.Hear().Kind), Is.EqualTo((MemoryFile.Bytes, MessageKind.Imported)));
    }

    [Test]
    public void AnImmutableBuffer_MayBeOpenedForWriting_WhichTheKernelForbids()
    {
        using RawOwner owner = new();
        using BufferImporter importer = owner.Meet();
        using FileDescriptor file = MemoryFile.Create(Good & ~MemoryFiles.SealSeals | MemoryFiles.SealWrite);
        owner.Export(0, 1, file, MemoryFile.Bytes, BufferProfile.Immutable);
        Assert.That(importer.TryImport(out BufferImport? import, Shared.Soon), Is.True);
        Assert.That(import!.GetSpan()[0], Is.Zero);
    }

    [TestCase(-1)]
    [TestCase(RawOwner.Slots)]
    [TestCase(int.MaxValue)]
    public void APlaceThatThereIsNot_IsTheEndOfTheOwner(int slot)
    {
        using RawOwner owner = new();
        using BufferImporter importer = owner.Meet();
        OpenFiles before = OpenFiles.Count();
        using (FileDescriptor file = Reader(Good))
        {
            owner.Export(slot, 1, file, MemoryFile.Bytes);
        }

        Assert.That(importer.TryReceive(out _, Shared.Soon), Is.False);
        Assert.That(importer.IsConnected, Is.False);
        before.AssertNothingMore();
    }

    [TestCase(1)]
    [TestCase(SharingMessage.Bytes - 1)]
    [TestCase(SharingMessage.Bytes + 1)]
    [TestCase(20_000)]
    public void AMessageOfAnotherSize_IsTheEndOfTheOwner(int bytes)
    {
        using RawOwner owner = new();
        using BufferImporter importer = owner.Meet();
        OpenFiles before = OpenFiles.Count();
        using (FileDescriptor file = Reader(Good))
        {
            Assert.That(MessageSocket.TrySend(owner.Socket, new byte[bytes], file), Is.True);
        }

        Assert.That(importer.TryImport(out _, Shared.Soon), Is.False);
        Assert.That(importer.IsConnected, Is.False);
        before.AssertNothingMore();
    }

    [Test]
    public void ThePlaceOfABufferThatIsHeld_IsNotGivenAgain()
    {
        using RawOwner owner = new();
        using BufferImporter importer = owner.Meet();
        using FileDescriptor first = Reader(Good), second = Reader(Good);
        owner.Export(5, 1, first, MemoryFile.Bytes);
        Assert.That(importer.TryImport(out BufferImport? import, Shared.Soon), Is.True);
        Assert.That(owner.Hear().Kind, Is.EqualTo(MessageKind.Imported));
        OpenFiles before = OpenFiles.Count();
        for (uint generation = 1; generation < 20; generation++)
        {
            owner.Export(5, generation, second, MemoryFile.Bytes);
            Shared.Refused(BufferError.Invalid, () => importer.TryImport(out _, Shared.Soon));
            Assert.That(owner.Hear().Kind, Is.EqualTo(MessageKind.Refused));
        }

        before.AssertNothingMore();
        Assert.That(importer.Imports, Is.EqualTo(new[] { import }));
        import!.Dispose();
        Assert.That(owner.Hear().Kind, Is.EqualTo(MessageKind.LetGo));
        owner.Export(5, 20, second, MemoryFile.Bytes);
        Assert.That(importer.TryImport(out import, Shared.Soon), Is.True, "afterwards it is");
    }

    private static FileDescriptor Reader(int seals)
    {
        using FileDescriptor file = MemoryFile.Create(seals);
        return MemoryFile.Reopen(file);
    }
}
