using System.Globalization;
using System.Runtime.Versioning;
using MagAlloc.Sharing.Platform;
using MagAlloc.Tests.Platform;
using MagAlloc.Tests.Sharing.Support;

namespace MagAlloc.Tests.Sharing;

/// <summary>Huge pages behind buffers, and real dma-bufs: where the system has them, and what is said where it has not.</summary>
[Platform("Linux")]
[SupportedOSPlatform("linux")]
[NonParallelizable]
public sealed unsafe class SharedHugePageTests
{
    private const long Huge = 2 << 20;
    private const string Pool = "/proc/sys/vm/nr_hugepages";

    [TestCase(1L, 1)]
    [TestCase(Huge, 1)]
    [TestCase(Huge + 1, 2)]
    public void Transparent_LengthsAndPlacesAreOfHugePages(long length, int pages)
    {
        using Shared shared = new();
        shared.Queue.Request(2, length, BufferProfile.Stable, BufferPages.TransparentHuge);
        for (int i = 0; i < 2; i++)
        {
            byte* mapping = shared.Queue.Core.MappingOf(shared.Queue, i, forWriting: true, out long bytes);
            Assert.That((bytes, shared.Queue.Query(i).Length, (long)mapping % Huge), Is.EqualTo((pages * Huge, pages * Huge, 0L)));
        }
    }

    [Test]
    public void Transparent_WhatIsSaidOfThem_IsWhatTheKernelSays([Values] BufferProfile profile)
    {
        using Shared shared = new();
        shared.Queue.Request(1, 2 * Huge, profile, BufferPages.TransparentHuge);
        byte* mapping = shared.Queue.Core.MappingOf(shared.Queue, 0, forWriting: true, out long bytes);
        bool hasHuge = shared.Queue.Query(0).HasHugePages;
        TestContext.Out.WriteLine($"huge: {hasHuge}");
        Assert.That(HugeBytesAt((ulong)mapping), hasHuge ? Is.EqualTo(bytes) : Is.LessThan(bytes));
        new Span<byte>(mapping, (int)bytes).Fill(3);
        if (profile == BufferProfile.Immutable)
        {
            shared.Queue.Freeze(0);
        }

        Assert.That(shared.Queue.GetReadOnlySpan(0).IndexOfAnyExcept((byte)3), Is.EqualTo(-1));
    }

    [Test]
    public void Transparent_TheyGoOverAndAreRevokedLikeOthers()
    {
        using Shared shared = new();
        shared.Queue.Request(1, Huge, BufferProfile.Stable, BufferPages.TransparentHuge);
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        BufferImport import = shared.Export(0, peer, importer);
        Assert.That((long)import.DangerousGetPointer() % Huge, Is.Zero, "so that the importer can use them");
        shared.Queue.GetSpan(0).Fill(3);
        Assert.That(import.GetSpan().IndexOfAnyExcept((byte)3), Is.EqualTo(-1));
        shared.Queue.Release(ReleaseMode.Revoke);
        Assert.That(MemoryFile.Resident(import.File), Is.Zero);
        import.Dispose();
        Assert.That(shared.Queue.WaitForReclaim(Shared.Soon), Is.True);
    }

    [Test]
    public void OthersHaveNone()
    {
        using Shared shared = new();
        shared.Queue.Request(1, Huge);
        Assert.That(shared.Queue.Query(0).HasHugePages, Is.False);
    }

    /// <summary>A hole of one would be read as zeros only while the pool has a page for it: else the reader, and the owner, is ended by a signal.</summary>
    [Test]
    public void Reserved_StableBuffersAreNotToBeHad()
    {
        using Shared shared = new();
        BufferException refused = shared.RefusedWithoutTrace(
            BufferError.Invalid, () => shared.Queue.Request(1, 1, BufferProfile.Stable, BufferPages.ReservedHuge));
        Assert.That(refused.Message, Does.Contain("transparent").And.Contain("immutable").And.Contain("revocable"));
    }

    [Test]
    public void Reserved_WithoutAPool_ThereIsNoMemory([Values(BufferProfile.Revocable, BufferProfile.Immutable)] BufferProfile profile)
    {
        Assume.That(FreeOfPool(), Is.Zero, "somebody has reserved huge pages here");
        using Shared shared = new();
        BufferException refused = Shared.Refused(BufferError.OutOfMemory, () => shared.Queue.Request(1, 1, profile, BufferPages.ReservedHuge));
        Assert.That(refused.Message, Does.Contain("fallocate").Or.Contain("mmap"));
        Assert.That(shared.Queue.Request(1, 1), Is.EqualTo(1), "others are to be had");
    }

    [Test]
    public void Reserved_OutOfAPool_TheyWorkLikeOthers([Values(BufferProfile.Revocable, BufferProfile.Immutable)] BufferProfile profile)
    {
        using (Reserve(2))
        {
            OpenFiles before = OpenFiles.Count();
            int free = FreeOfPool();
            bool isRevocable = profile == BufferProfile.Revocable;
            using (Shared shared = new(new BufferQueueOptions { TrustImporters = true }))
            {
                // All that there are: nothing may take more pages than the buffers have.
                Assert.That(shared.Queue.Request(free, 1, profile, BufferPages.ReservedHuge), Is.EqualTo(free));
                Assert.That((shared.Queue.Query(0).Length, shared.Queue.Query(0).HasHugePages), Is.EqualTo((HugePages.ReservedBytes, true)));
                Assert.That(FreeOfPool(), Is.Zero);
                shared.Queue.GetSpan(0).Fill(3);
                if (!isRevocable)
                {
                    shared.Queue.Freeze(0);
                }

                Assert.That(shared.Queue.GetReadOnlySpan(0).IndexOfAnyExcept((byte)3), Is.EqualTo(-1));
                (BufferPeer peer, BufferImporter importer) = shared.Connect(new BufferImporterOptions { AcceptRevocable = true });
                BufferImport import = shared.Export(0, peer, importer);
                Assert.That((long)import.DangerousGetPointer() % HugePages.ReservedBytes, Is.Zero);
                byte[] copy = new byte[import.Length];
                Assert.That(import.TryRead(0, copy), Is.True);
                Assert.That(copy.AsSpan().IndexOfAnyExcept((byte)3), Is.EqualTo(-1));
                shared.Queue.StreamOn();
                shared.Queue.Queue(0);
                Assert.That(importer.TryReceive(out BufferFrame frame, Shared.Soon), Is.True);
                importer.Acknowledge(frame);
                Assert.That(shared.Queue.TryDequeue(out _, Shared.Soon), Is.True);
                shared.Queue.StreamOff();
                Assert.That(
                    shared.Queue.Release(isRevocable ? ReleaseMode.Revoke : ReleaseMode.Orphan),
                    Is.EqualTo(isRevocable ? new ReleaseResult(free - 1, 0, 0, 1) : new ReleaseResult(free - 1, 1, import.Length, 0)));
                Assert.That(FreeOfPool(), Is.EqualTo(isRevocable ? free : free - 1), "the pages are back, though one is held");
                import.Dispose();
                Assert.That(shared.Queue.WaitForReclaim(Shared.Soon), Is.True);
            }

            before.AssertNothingMore();
        }
    }

    [Test]
    public void Reserved_MoreThanThePoolHas_AreFewerOrNone()
    {
        using (Reserve(2))
        {
            int free = FreeOfPool();
            using Shared shared = new();
            Assert.That(shared.Queue.Request(free + 1, 1, BufferProfile.Immutable, BufferPages.ReservedHuge), Is.EqualTo(free));
            Shared.Refused(BufferError.OutOfMemory, () => shared.Queue.Create(1, 1, BufferProfile.Immutable, BufferPages.ReservedHuge));
            Assert.That(shared.Queue.GetStatistics().LiveBuffers, Is.EqualTo(free));
        }
    }

    /// <summary>The owner can punch it at any time: then a touch needs a page of a pool that may be empty, and is a signal.</summary>
    [Test]
    public void Reserved_AnOwnerThatCallsThemStable_IsRefused()
    {
        using (Reserve(2))
        {
            using FileDescriptor file = HugeFile(pages: 1, filled: 1, MemoryFiles.SealShrink | MemoryFiles.SealGrow);
            using FileDescriptor reader = MemoryFile.Reopen(file);
            using RawOwner owner = new();
            using BufferImporter importer = owner.Meet();
            owner.Export(0, 1, reader, HugePages.ReservedBytes);
            BufferException refused = Shared.Refused(BufferError.Invalid, () => importer.TryImport(out _, Shared.Soon));
            Assert.That(refused.Message, Does.Contain("reserved huge pages"));
            Assert.That(owner.Hear().Kind, Is.EqualTo(MessageKind.Refused));
        }
    }

    /// <summary>What is sealed against writing cannot be punched; but it may never have been there.</summary>
    [TestCase(2, ExpectedResult = true)]
    [TestCase(1, ExpectedResult = false)]
    [TestCase(0, ExpectedResult = false)]
    public bool Reserved_FrozenOnesAreTakenIfTheyAreWhole(int filled)
    {
        using (Reserve(2))
        {
            using FileDescriptor file = HugeFile(2, filled, MemoryFiles.SealShrink | MemoryFiles.SealGrow | MemoryFiles.SealWrite);
            using FileDescriptor reader = MemoryFile.Reopen(file);
            using RawOwner owner = new();
            using BufferImporter importer = owner.Meet();
            owner.Export(0, 1, reader, 2 * HugePages.ReservedBytes, BufferProfile.Immutable);
            try
            {
                Assert.That(importer.TryImport(out BufferImport? import, Shared.Soon), Is.True);
                byte[] copy = new byte[import!.Length];
                return import.TryRead(0, copy);
            }
            catch (BufferException e) when (e.Error == BufferError.Invalid)
            {
                return false;
            }
        }
    }

    /// <summary>
    /// A mapping of a part of a huge page covers all of it: at a fixed place, what lies behind the part as well, which may be anything of this process's.
    /// </summary>
    [Test]
    public void Reserved_WhatAnOwnerSends_IsMappedInWholeHugePagesOrNot()
    {
        using (Reserve(2))
        {
            const int Seals = MemoryFiles.SealShrink | MemoryFiles.SealGrow;
            long huge = HugePages.ReservedBytes;
            using FileDescriptor file = MemoryFiles.Create("test", reservedHugePages: true)!;
            Assert.That(MemoryFiles.TrySetLength(file, 2 * huge) && MemoryFiles.TryAllocate(file, 2 * huge) && MemoryFiles.TryAddSeals(file, Seals), Is.True);
            using FileDescriptor reader = MemoryFile.Reopen(file);
            using RawOwner owner = new();
            using BufferImporter importer = owner.Meet(new BufferImporterOptions { AcceptRevocable = true });
            owner.Export(0, 1, reader, huge + Environment.SystemPageSize, BufferProfile.Revocable);
            BufferException refused = Shared.Refused(BufferError.Invalid, () => importer.TryReceive(out _, Shared.Soon));
            Assert.That(refused.Message, Does.Contain("whole pages"));

            owner.Export(0, 2, reader, huge, BufferProfile.Revocable);
            Assert.That(importer.TryImport(out BufferImport? import, Shared.Soon), Is.True);
            Assert.That((import!.Length, (long)import.DangerousGetPointer() % huge), Is.EqualTo((huge, 0L)));

            Task<BufferImporter> connecting = owner.Accept();
            owner.Welcome(reader, huge);
            Shared.Refused(BufferError.Invalid, () => connecting.GetAwaiter().GetResult());
        }
    }

    private static FileDescriptor HugeFile(int pages, int filled, int seals)
    {
        long huge = HugePages.ReservedBytes;
        FileDescriptor file = MemoryFiles.Create("test", reservedHugePages: true)!;
        Assert.That(
            MemoryFiles.TrySetLength(file, pages * huge) && (filled == 0 || MemoryFiles.TryAllocate(file, filled * huge)) && MemoryFiles.TryAddSeals(file, seals), Is.True);
        return file;
    }

    [Test]
    public void ADmaBuf_WithoutTheDevice_IsNotSupported()
    {
        Assume.That(File.Exists(DmaBufDevice.Path), Is.False, "there is one");
        using Shared shared = new();
        shared.Queue.Request(1, 1);
        BufferException refused = shared.RefusedWithoutTrace(BufferError.NotSupported, () => shared.Queue.ExportDmaBuf(0));
        Assert.That(refused.Message, Does.Contain("/dev/udmabuf").And.Contain("module"));
    }

    [TestCase(BufferProfile.Revocable)]
    [TestCase(BufferProfile.Immutable)]
    public void ADmaBuf_IsMadeOfStableBuffersOnly(BufferProfile profile)
    {
        using Shared shared = new();
        shared.Queue.Request(1, 1, profile);
        BufferException refused = shared.RefusedWithoutTrace(BufferError.Invalid, () => shared.Queue.ExportDmaBuf(0));
        Assert.That(refused.Message, Does.Contain("stable"));
    }

    /// <summary>
    /// Only root can make a pool, and only of memory that is in one piece: without, what a pool is needed for cannot be shown, and is skipped. CI runs as root. That there is
    /// one clear refusal where there is no pool is shown everywhere else.
    /// </summary>
    private static Restored Reserve(int pages)
    {
        string before;
        try
        {
            before = File.ReadAllText(Pool).Trim();
            File.WriteAllText(Pool, $"{int.Parse(before, CultureInfo.InvariantCulture) + pages}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Assert.Ignore($"huge pages can be reserved by root only, and cannot here: {e.Message}");
            throw;
        }

        Restored restored = new(before);
        if (FreeOfPool() < pages)
        {
            restored.Dispose();
            Assert.Ignore("the system has no huge pages to reserve");
        }

        return restored;
    }

    private static int FreeOfPool() => int.Parse(
        File.ReadLines("/proc/meminfo").Single(line => line.StartsWith("HugePages_Free:", StringComparison.Ordinal)).Split(' ')[^1], CultureInfo.InvariantCulture);

    /// <summary>What /proc/self/smaps says of the mapping that begins at an address.</summary>
    private static long HugeBytesAt(ulong address)
    {
        string start = $"{address:x}-";
        foreach (string line in File.ReadLines("/proc/self/smaps").SkipWhile(line => !line.StartsWith(start, StringComparison.Ordinal)))
        {
            if (line.StartsWith("ShmemPmdMapped:", StringComparison.Ordinal))
            {
                return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) << 10;
            }
        }

        return 0;
    }

    private sealed class Restored(string pages) : IDisposable
    {
        public void Dispose() => File.WriteAllText(Pool, pages);
    }
}
