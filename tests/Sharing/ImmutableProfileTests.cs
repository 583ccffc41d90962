using System.Runtime.Versioning;
using MagAlloc.Platform;
using MagAlloc.Sharing.Platform;
using MagAlloc.Tests.Platform;
using MagAlloc.Tests.Sharing.Support;

namespace MagAlloc.Tests.Sharing;

/// <summary>Immutable buffers: written, frozen, and never changed again, not by their owner either.</summary>
[Platform("Linux")]
[SupportedOSPlatform("linux")]
public sealed class ImmutableProfileTests
{
    [Test]
    public void UntilItIsFrozen_ItIsWritten_AndNotExported()
    {
        using Shared shared = Make();
        (BufferPeer peer, _) = shared.Connect();
        Assert.That(shared.Queue.Query(0).IsFrozen, Is.False);
        shared.Queue.GetSpan(0).Fill(1);
        BufferException refused = shared.RefusedWithoutTrace(BufferError.Invalid, () => shared.Queue.Export(0, peer));
        Assert.That(refused.Message, Does.Contain("freeze it"));
    }

    [Test]
    public void Frozen_ItIsReadOnly_ForTheOwnerToo()
    {
        using Shared shared = Make();
        Memory<byte> memory = shared.Queue.GetMemory(0);
        ReadOnlySpan<byte> before = shared.Queue.GetReadOnlySpan(0);
        shared.Queue.GetSpan(0).Fill(7);
        shared.Queue.Freeze(0);

        Assert.That(before.IndexOfAnyExcept((byte)7), Is.EqualTo(-1), "a span from before can be read");
        Assert.That(shared.Queue.GetReadOnlySpan(0).IndexOfAnyExcept((byte)7), Is.EqualTo(-1));
        Assert.That(memory.Span.IndexOfAnyExcept((byte)7), Is.EqualTo(-1));
        Assert.That(shared.Queue.Query(0).IsFrozen, Is.True);
        shared.RefusedWithoutTrace(BufferError.AccessDenied, () => shared.Queue.GetSpan(0));
        BufferException refused = shared.RefusedWithoutTrace(BufferError.Invalid, () => shared.Queue.Freeze(0));
        Assert.That(refused.Message, Does.Contain("frozen already"));
        FileDescriptor file = shared.Queue.Core.Require(shared.Queue, 0).Memory.File;
        Assert.That(MemoryFile.ErrorOf(MemoryFiles.TryPunch(file, Shared.Page)), Is.EqualTo(LinuxError.NotPermitted), "the kernel sees to it");
        Assert.That(MemoryFile.ErrorOf(MemoryFiles.TrySetLength(file, 0)), Is.EqualTo(LinuxError.NotPermitted));
    }

    [TestCase(BufferProfile.Stable)]
    [TestCase(BufferProfile.Revocable)]
    public void OthersAreNotFrozen(BufferProfile profile)
    {
        using Shared shared = new();
        shared.Queue.Request(1, Shared.Page, profile);
        BufferException refused = shared.RefusedWithoutTrace(BufferError.Invalid, () => shared.Queue.Freeze(0));
        Assert.That(refused.Message, Does.Contain("only immutable"));
        shared.RefusedWithoutTrace(BufferError.Invalid, () => shared.Queue.Freeze(1));
    }

    [Test]
    public void WhileItIsPinned_ItIsNotFrozen()
    {
        using Shared shared = Make();
        using (shared.Queue.GetMemory(0).Pin())
        {
            shared.RefusedWithoutTrace(BufferError.Busy, () => shared.Queue.Freeze(0));
            shared.Queue.GetSpan(0)[0] = 1;
        }

        shared.Queue.Freeze(0);
    }

    [Test]
    public unsafe void Frozen_ItCanBePinned_AndRead()
    {
        using Shared shared = Make();
        shared.Queue.GetSpan(0).Fill(7);
        shared.Queue.Freeze(0);
        using System.Buffers.MemoryHandle pin = shared.Queue.GetMemory(0).Pin();
        Assert.That(((byte*)pin.Pointer)[10], Is.EqualTo(7));
    }

    [Test]
    public void NoImporter_CanWrite()
    {
        using Shared shared = Make(new BufferQueueOptions { WritableExports = true });
        shared.Queue.Freeze(0);
        using RawImporter raw = RawImporter.Join(shared);
        shared.RefusedWithoutTrace(BufferError.AccessDenied, () => shared.Queue.Export(0, raw.Peer, BufferAccess.ReadWrite));
        shared.Queue.Export(0, raw.Peer);
        raw.HearExport(out FileDescriptor file);
        using (file)
        using (FileDescriptor writable = MemoryFile.Reopen(file, writable: true))
        {
            Assert.That(MemoryFiles.SealsOf(file) & 0xF, Is.EqualTo(0xF), "shrink, grow, write, and no more seals");
            unsafe
            {
                Assert.That(MemoryFile.ErrorOf(FileMapping.Map(writable, Shared.Page, writable: true, 0) != null), Is.EqualTo(LinuxError.NotPermitted));
                byte one = 1;
                Assert.That((long)LinuxCalls.WriteAt(writable, &one, 1, 0), Is.EqualTo(-1));
                Assert.That(VirtualMemory.LastError, Is.EqualTo(LinuxError.NotPermitted));
            }

            Assert.That(MemoryFile.ErrorOf(MemoryFiles.TryPunch(writable, Shared.Page)), Is.EqualTo(LinuxError.NotPermitted));
        }
    }

    [Test]
    public void ARevocation_IsNotPermitted_AndSaysWhatWasDone()
    {
        using Shared shared = Make();
        shared.Queue.GetSpan(0).Fill(7);
        shared.Queue.Freeze(0);
        shared.Queue.Create(2, Shared.Page);
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        BufferImport immutable = shared.Export(0, peer, importer);
        BufferImport stable = shared.Export(1, peer, importer);

        BufferException refused = Shared.Refused(BufferError.NotPermitted, () => shared.Queue.Release(ReleaseMode.Revoke));
        Assert.That(refused.Released, Is.EqualTo(new ReleaseResult(1, 1, 2 * Shared.Page, 1)));
        Assert.That((immutable.IsRevoked, stable.IsRevoked), Is.EqualTo((false, true)));
        Assert.That(immutable.GetSpan().IndexOfAnyExcept((byte)7), Is.EqualTo(-1), "not even to zeros");
        BufferQueueStatistics books = shared.Queue.GetStatistics();
        Assert.That((books.LiveBuffers, books.OrphanedBuffers, books.OrphanedBytes, books.RevokedBuffers), Is.EqualTo((0, 1, 2L * Shared.Page, 1)));

        Assert.That(shared.Queue.RevokeOrphans(), Is.Zero);
        Assert.That(shared.Queue.GetStatistics().OrphanedBytes, Is.EqualTo(2 * Shared.Page), "it counts in full");
        immutable.Dispose();
        stable.Dispose();
        Assert.That(shared.Queue.WaitForReclaim(Shared.Soon), Is.True);
    }

    [Test]
    public void NobodyHoldsIt_SoItIsFreed_InEachMode([Values] ReleaseMode mode)
    {
        using Shared shared = Make();
        shared.Queue.Freeze(0);
        Assert.That(shared.Queue.Release(mode), Is.EqualTo(new ReleaseResult(1, 0, 0, 0)));
    }

    [Test]
    public void NoTimeAndNoPressure_RevokesIt()
    {
        using Shared shared = Make(new BufferQueueOptions
        {
            ByteLimit = 4 * Shared.Page,
            OrphanTimeout = TimeSpan.FromMilliseconds(1),
            OrphanPolicy = OrphanPolicy.RevokeOldest,
        });
        shared.Queue.Freeze(0);
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        BufferImport import = shared.Export(0, peer, importer);
        shared.Queue.Release();
        BufferException refused = Shared.Refused(BufferError.QuotaExceeded, () => shared.Queue.Create(3, Shared.Page));
        Assert.That(refused.Quota, Is.EqualTo(new QuotaRefusal(BufferQuota.OrphanedBytes, 2 * Shared.Page, 4 * Shared.Page, 3 * Shared.Page)));
        Thread.Sleep(50);
        Assert.That(import.IsRevoked, Is.False);
        Assert.That(shared.Queue.GetStatistics().OrphanedBuffers, Is.EqualTo(1));
        import.Dispose();
        Assert.That(shared.Queue.WaitForReclaim(Shared.Soon), Is.True);
        Assert.That(shared.Queue.Create(3, Shared.Page).Count, Is.EqualTo(3));
    }

    /// <summary>Each step of a freezing can be refused; afterwards it can be done again.</summary>
    [Test]
    public void AFreezingThatIsRefused_CanBeDoneAgain([Range(1, 4)] int nth)
    {
        FaultPlan plan = FaultPlan.FailNth(nth);
        plan.Enabled = false;
        using Shared shared = Make(new BufferQueueOptions { Faults = plan });
        shared.Queue.GetSpan(0).Fill(7);
        plan.Enabled = true;
        if (nth == 4)
        {
            shared.Queue.Freeze(0);
            Assert.That(plan.Injected, Is.Zero, "there are three steps");
            return;
        }

        Shared.Refused(BufferError.OutOfMemory, () => shared.Queue.Freeze(0));
        plan.Enabled = false;
        Assert.That(shared.Queue.Query(0).IsFrozen, Is.False);
        shared.Queue.Freeze(0);
        Assert.That(shared.Queue.GetReadOnlySpan(0).IndexOfAnyExcept((byte)7), Is.EqualTo(-1));
        Assert.That(shared.Queue.Query(0).IsFrozen, Is.True);
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        Assert.That(shared.Export(0, peer, importer).GetSpan().IndexOfAnyExcept((byte)7), Is.EqualTo(-1));
    }

    [Test]
    public void BetweenAFreezingThatWasRefusedAndTheNext_TheContentsAreThere_OrTheRefusalIsClear([Range(1, 3)] int nth)
    {
        FaultPlan plan = FaultPlan.FailNth(nth);
        plan.Enabled = false;
        using Shared shared = Make(new BufferQueueOptions { Faults = plan });
        shared.Queue.GetSpan(0).Fill(7);
        plan.Enabled = true;
        Shared.Refused(BufferError.OutOfMemory, () => shared.Queue.Freeze(0));
        if (nth < 3)
        {
            Assert.That(shared.Queue.GetSpan(0).IndexOfAnyExcept((byte)7), Is.EqualTo(-1), "as if nothing had happened");
            shared.Queue.GetSpan(0).Fill(8);
        }
        else
        {
            BufferException refused = Shared.Refused(BufferError.Invalid, () => shared.Queue.GetReadOnlySpan(0));
            Assert.That(refused.Message, Does.Contain("freeze it again"));
            Shared.Refused(BufferError.Invalid, () => shared.Queue.GetSpan(0));
        }

        Assert.That(shared.Queue.Release().Freed, Is.EqualTo(1));
    }

    private static Shared Make(BufferQueueOptions? options = null)
    {
        Shared shared = new(options);
        shared.Queue.Request(1, 2 * Shared.Page, BufferProfile.Immutable);
        return shared;
    }
}
