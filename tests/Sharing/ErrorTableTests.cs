using System.Runtime.Versioning;
using MagAlloc.Tests.Platform;
using MagAlloc.Tests.Sharing.Support;

namespace MagAlloc.Tests.Sharing;

/// <summary>
/// Rows of the table of errors that no other fixture is about: memory, arguments, importers that are gone, and descriptors. See also
/// <see cref="OwnershipTests"/>, <see cref="ReleaseModeTests"/>, <see cref="QuotaTests"/>, <see cref="WaitingTests"/> and those of the profiles.
/// </summary>
[Platform("Linux")]
[SupportedOSPlatform("linux")]
[NonParallelizable]
public sealed class ErrorTableTests
{
    [Test]
    public void ValuesAreTheKernels()
    {
        (BufferError Error, int Number)[] all =
        [
            (BufferError.NotPermitted, 1), (BufferError.QueueFailed, 5), (BufferError.BadDescriptor, 9), (BufferError.TryAgain, 11),
            (BufferError.OutOfMemory, 12), (BufferError.AccessDenied, 13), (BufferError.Busy, 16), (BufferError.Revoked, 19), (BufferError.Invalid, 22),
            (BufferError.TooManyFilesInSystem, 23), (BufferError.TooManyFiles, 24), (BufferError.Ended, 32), (BufferError.NotSupported, 95), (BufferError.AddressInUse, 98),
            (BufferError.NoBuffers, 105), (BufferError.QuotaExceeded, 122),
        ];
        Assert.That(all.Select(one => (int)one.Error), Is.EqualTo(all.Select(one => one.Number)));
        Assert.That(Enum.GetValues<BufferError>(), Is.EquivalentTo(all.Select(one => one.Error)));
    }

    [Test]
    public void Memory_IsThereFromTheStart([Values] BufferProfile profile)
    {
        using Shared shared = new();
        shared.Queue.Request(1, 100 * Shared.Page, profile);
        Assert.That(shared.Queue.Core.Require(shared.Queue, 0).Memory.ResidentBytes(), Is.EqualTo(100 * Shared.Page), "before anybody touches it");
    }

    [TestCase(FaultPoint.MemoryFile, 1, "memfd_create")]
    [TestCase(FaultPoint.MemoryFile, 2, "fchmod")]
    [TestCase(FaultPoint.FileLength, 1, "ftruncate")]
    [TestCase(FaultPoint.FileLength, 2, "fallocate")]
    [TestCase(FaultPoint.FileOpen, 1, "open")]
    [TestCase(FaultPoint.FileMap, 1, "mmap")]
    [TestCase(FaultPoint.FileSeal, 1, "F_ADD_SEALS")]
    public void MemoryThatIsRefused_IsNamedByTheCall(FaultPoint point, int nth, string call)
    {
        FaultPlan plan = FaultPlan.FailNth(nth).At(point);
        plan.Enabled = false;
        using Shared shared = new(new BufferQueueOptions { Name = "named", Faults = plan });
        shared.Queue.Create(1, Shared.Page);
        plan.Enabled = true;
        OpenFiles before = OpenFiles.Count();
        BufferQueueStatistics books = shared.Queue.GetStatistics();
        BufferException refused = Shared.Refused(BufferError.OutOfMemory, () => shared.Queue.Create(1, Shared.Page));
        Assert.That(refused.Message, Does.StartWith($"named: {call} failed: ").And.EndsWith("(error 12)."));
        Assert.That((refused.Quota, refused.Released, refused.Holders.Count), Is.EqualTo(((QuotaRefusal?)null, (ReleaseResult?)null, 0)));
        Assert.That(shared.Queue.GetStatistics(), Is.EqualTo(books with { InjectedFaults = 1 }));
        before.AssertNothingMore();
    }

    [Test]
    public void AnIndexOrAnAccessThatIsNone_IsInvalid()
    {
        using Shared shared = new(new BufferQueueOptions { WritableExports = true });
        shared.Queue.Request(3, Shared.Page);
        shared.Queue.Remove(1, 1);
        (BufferPeer peer, _) = shared.Connect();
        foreach (int index in new[] { -1, 1, 3, 32, int.MaxValue })
        {
            shared.RefusedWithoutTrace(BufferError.Invalid, () => shared.Queue.Export(index, peer));
            shared.RefusedWithoutTrace(BufferError.Invalid, () => shared.Queue.ExportDmaBuf(index));
            shared.RefusedWithoutTrace(BufferError.Invalid, () => shared.Queue.GetSpan(index));
            shared.RefusedWithoutTrace(BufferError.Invalid, () => shared.Queue.GetReadOnlySpan(index));
            shared.RefusedWithoutTrace(BufferError.Invalid, () => shared.Queue.GetMemory(index));
            BufferException refused = shared.RefusedWithoutTrace(BufferError.Invalid, () => shared.Queue.Freeze(index));
            Assert.That(refused.Message, Does.Contain($"there is no buffer {index}"));
        }

        shared.RefusedWithoutTrace(BufferError.Invalid, () => shared.Queue.Export(0, peer, (BufferAccess)9));
        Assert.That(() => shared.Queue.Export(0, null!), Throws.TypeOf<ArgumentNullException>());
        Assert.That(() => shared.Queue.Accept(null!, TimeSpan.Zero), Throws.TypeOf<ArgumentNullException>());
    }

    [Test]
    public void TheSameBuffer_IsNotGivenTwice()
    {
        using Shared shared = new();
        shared.Queue.Request(1, Shared.Page);
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        BufferImport import = shared.Export(0, peer, importer);
        BufferException refused = shared.RefusedWithoutTrace(BufferError.Busy, () => shared.Queue.Export(0, peer));
        Assert.That(refused.Message, Does.Contain("has buffer 0 already"));
        import.Dispose();
        Shared.Eventually(() => peer.HeldBuffers == 0, "it has let go");
        Assert.That(shared.Export(0, peer, importer).IsRevoked, Is.False, "and then it may have it again");
    }

    [Test]
    public void AnImporterThatIsGone_IsGivenNothing()
    {
        using Shared shared = new();
        shared.Queue.Request(1, Shared.Page);
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        importer.Dispose();
        Shared.Eventually(() => !peer.IsConnected, "gone");
        shared.RefusedWithoutTrace(BufferError.Ended, () => shared.Queue.Export(0, peer));
        Assert.That(shared.Queue.Query(0).IsHeld, Is.False);
    }

    /// <summary>Before the owner has noticed: either the send is refused, or the message is lost with the socket.</summary>
    [Test]
    public void AnImporterThatHasJustGone_KeepsNothing()
    {
        using Shared shared = new();
        shared.Queue.Request(1, Shared.Page);
        OpenFiles before = OpenFiles.Count();
        for (int round = 0; round < 50; round++)
        {
            RawImporter raw = RawImporter.Join(shared);
            raw.Dispose();
            try
            {
                shared.Queue.Export(0, raw.Peer);
            }
            catch (BufferException e)
            {
                Assert.That(e.Error, Is.EqualTo(BufferError.Ended));
            }

            Shared.Eventually(() => !raw.Peer.IsConnected, "gone");
            Assert.That((shared.Queue.Query(0).Importers, raw.Peer.HeldBuffers), Is.EqualTo((0, 0)));
        }

        Assert.That(shared.Queue.Query(0).IsHeld, Is.False, "what was on its way vanished with the socket");
        Assert.That(shared.Queue.GetStatistics().Importers, Is.Zero);
        before.AssertNothingMore();
    }

    [Test]
    public void AnotherQueuesImporter_IsNotThisOnes()
    {
        using Shared shared = new(), second = new();
        shared.Queue.Request(1, Shared.Page);
        (BufferPeer peer, _) = second.Connect();
        BufferException refused = shared.RefusedWithoutTrace(BufferError.Ended, () => shared.Queue.Export(0, peer));
        Assert.That(refused.Message, Does.Contain("not connected to this queue"));
        Assert.That(peer.IsConnected, Is.True);
    }

    [Test]
    public void WithoutADescriptor_NothingIsMadeOrExported()
    {
        using Shared shared = new(new BufferQueueOptions { DescriptorHeadroom = 0 });
        shared.Queue.Request(1, Shared.Page);
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        List<BufferError> errors = [];
        OpenFiles before = OpenFiles.Count();
        BufferQueueStatistics books = shared.Queue.GetStatistics();
        Action[] calls = [() => shared.Queue.Create(1, Shared.Page), () => shared.Queue.Export(0, peer), () => new BufferQueue().Dispose()];
        using (new DescriptorFamine())
        {
            foreach (Action call in calls)
            {
                try
                {
                    call();
                }
                catch (BufferException e)
                {
                    errors.Add(e.Error);
                }
            }
        }

        Assert.That(errors, Is.EqualTo(new[] { BufferError.TooManyFiles, BufferError.TooManyFiles, BufferError.TooManyFiles }));
        Assert.That(shared.Queue.GetStatistics(), Is.EqualTo(books));
        before.AssertNothingMore();
        Assert.That(shared.Export(0, peer, importer).GetSpan()[0], Is.Zero);
    }

    [Test]
    public void WithoutADescriptor_AnImporterImportsNothing_AndGoesOn()
    {
        using Shared shared = new();
        shared.Queue.Request(2, Shared.Page);
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        shared.Queue.Export(0, peer);
        BufferException? refused = null;
        using (new DescriptorFamine())
        {
            try
            {
                importer.TryImport(out _);
            }
            catch (BufferException e)
            {
                refused = e;
            }
        }

        Assert.That(refused?.Error, Is.EqualTo(BufferError.TooManyFiles));
        Shared.Eventually(() => peer.HeldBuffers == 0, "the owner is told");
        Assert.That(shared.Queue.Query(0).IsHeld, Is.False);
        Assert.That(shared.Export(0, peer, importer).Index, Is.Zero, "later it can have it");
    }
}
