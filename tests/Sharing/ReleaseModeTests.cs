using System.Runtime.Versioning;
using MagAlloc.Sharing.Platform;
using MagAlloc.Tests.Platform;
using MagAlloc.Tests.Sharing.Support;

namespace MagAlloc.Tests.Sharing;

/// <summary>The ways to give buffers up, and what the owner is told that became of them.</summary>
[Platform("Linux")]
[SupportedOSPlatform("linux")]
public sealed class ReleaseModeTests
{
    private const long Length = 3 * Shared.Page;

    [Test]
    public void AsOrphans_ItAlwaysSucceeds_AndSaysWhatIsStillHeld()
    {
        using Shared shared = Held(out BufferImport[] imports, 1, 3);
        Assert.That(shared.Queue.Release(), Is.EqualTo(new ReleaseResult(2, 2, 2 * Length, 0)));
        BufferQueueStatistics books = shared.Queue.GetStatistics();
        Assert.That(
            (books.LiveBuffers, books.LiveBytes, books.OrphanedBuffers, books.OrphanedBytes, books.Orphans, books.RevokedBuffers),
            Is.EqualTo((0, 0L, 2, 2 * Length, 2L, 0)));
        Assert.That(imports.Select(import => (import.IsReleased, import.IsRevoked)), Is.All.EqualTo((true, false)));
        Assert.That(shared.Queue.Release(), Is.EqualTo(default(ReleaseResult)), "again: there is nothing live");
        Array.ForEach(imports, import => import.Dispose());
        Assert.That(shared.Queue.WaitForReclaim(Shared.Soon), Is.True);
        Assert.That(shared.Queue.GetStatistics().Reclaims, Is.EqualTo(2));
    }

    [Test]
    public void Strictly_NothingIsReleasedWhileAnythingIsHeld_AndTheHoldersAreNamed()
    {
        using Shared shared = Held(out BufferImport[] imports, 1, 3);
        BufferException refused = shared.RefusedWithoutTrace(BufferError.Busy, () => shared.Queue.Release(ReleaseMode.Strict));
        Assert.That(refused.Holders, Is.EqualTo(new[] { Holder(1), Holder(3) }));
        Assert.That(refused.Message, Does.Contain($"1: process {Environment.ProcessId}").And.Contain($"3: process {Environment.ProcessId}"));
        Assert.That(imports.Select(import => (import.IsReleased, import.IsRevoked)), Is.All.EqualTo((false, false)));

        imports[0].Dispose();
        refused = Shared.Refused(BufferError.Busy, () => shared.Queue.Release(ReleaseMode.Strict));
        Assert.That(refused.Holders, Is.EqualTo(new[] { Holder(3) }));
        imports[1].Dispose();
        Assert.That(shared.Queue.Release(ReleaseMode.Strict), Is.EqualTo(new ReleaseResult(4, 0, 0, 0)));

        static BufferHolder Holder(int index) => new(index, Environment.ProcessId, ProcessDescriptor.CurrentUser, IsImporter: true);
    }

    [Test]
    public void Strictly_WhoHoldsWithoutAClaim_IsSomebodyUnknown()
    {
        using Shared shared = new();
        shared.Queue.Request(1, Length);
        using RawImporter raw = RawImporter.Join(shared);
        raw.Take(shared, 0, out FileDescriptor file);
        raw.Dispose();
        Shared.Eventually(() => !raw.Peer.IsConnected, "it is gone, and its descriptor is not");
        BufferException refused = shared.RefusedWithoutTrace(BufferError.Busy, () => shared.Queue.Release(ReleaseMode.Strict));
        Assert.That(refused.Holders, Is.EqualTo(new[] { new BufferHolder(0, 0, -1, IsImporter: false) }));
        Assert.That(refused.Message, Does.Contain("0: somebody unknown"));
        file.Dispose();
        Assert.That(shared.Queue.Release(ReleaseMode.Strict).Freed, Is.EqualTo(1));
    }

    [Test]
    public void ByRevocation_ThePagesAreBackAtOnce()
    {
        using Shared shared = Held(out BufferImport[] imports, 1, 3);
        Assert.That(shared.Queue.Release(ReleaseMode.Revoke), Is.EqualTo(new ReleaseResult(2, 0, 0, 2)));
        BufferQueueStatistics books = shared.Queue.GetStatistics();
        Assert.That((books.OrphanedBuffers, books.OrphanedBytes, books.RevokedBuffers, books.Revocations), Is.EqualTo((0, 0L, 2, 2L)));
        foreach (BufferImport import in imports)
        {
            Assert.That(MemoryFiles.TryGetStatus(import.File, out FileStatus status), Is.True);
            Assert.That(((long)status.Bytes, status.ResidentBytes), Is.EqualTo((Length, 0L)));
            Assert.That(import.IsRevoked, Is.True);
            import.Dispose();
        }

        Assert.That(shared.Queue.WaitForReclaim(Shared.Soon), Is.True);
    }

    [Test]
    public void ByADeadline_WhatIsHeldThenIsRevoked_AndWhatIsLetGoBeforeIsNot()
    {
        using Shared shared = Held(out BufferImport[] imports, 1, 3);
        shared.Queue.GetSpan(1).Fill(1);
        Assert.That(shared.Queue.Release(ReleaseMode.Revoke, TimeSpan.FromMilliseconds(300)), Is.EqualTo(new ReleaseResult(2, 2, 2 * Length, 0)));
        Assert.That(imports[0].GetSpan()[0], Is.EqualTo(1), "until then it can be read");
        imports[1].Dispose();
        Shared.Eventually(() => shared.Queue.GetStatistics().RevokedBuffers == 1, "the deadline passes");
        BufferQueueStatistics books = shared.Queue.GetStatistics();
        Assert.That((books.Revocations, books.OrphanedBuffers, imports[0].IsRevoked), Is.EqualTo((1L, 0, true)));
        imports[0].Dispose();
        Assert.That(shared.Queue.WaitForReclaim(Shared.Soon), Is.True);
    }

    [Test]
    public void ADeadlineThatNeverComes_IsNoneAtAll()
    {
        using Shared shared = Held(out BufferImport[] imports, 1);
        Assert.That(shared.Queue.Release(ReleaseMode.Revoke, TimeSpan.MaxValue).Orphaned, Is.EqualTo(1));
        Assert.That(Shared.IsRevoked(imports[0], TimeSpan.FromMilliseconds(50)), Is.False);
        Assert.That(shared.Queue.RevokeOrphans(), Is.EqualTo(1));
    }

    [Test]
    public void ALongTimeoutOfOrphans_DoesNotPutADeadlineOff([Values] bool timeoutIsShorter)
    {
        TimeSpan brief = TimeSpan.FromMilliseconds(50), lengthy = TimeSpan.FromHours(1);
        using Shared shared = Held(out BufferImport[] imports, new BufferQueueOptions { OrphanTimeout = timeoutIsShorter ? brief : lengthy }, 1);
        shared.Queue.Release(ReleaseMode.Revoke, timeoutIsShorter ? lengthy : brief);
        Assert.That(Shared.IsRevoked(imports[0], Shared.Soon), Is.True);
    }

    /// <summary>Importers have been told: it is due until it is done.</summary>
    [Test]
    public void ARevocationThatTheSystemRefuses_IsDoneLater()
    {
        using Shared shared = Held(out BufferImport[] imports, new BufferQueueOptions { Faults = FaultPlan.FailNth(1).At(FaultPoint.HolePunch) }, 1);
        ReleaseResult refused = shared.Queue.Release(ReleaseMode.Revoke);
        Assert.That((refused.Revoked, refused.Orphaned), Is.EqualTo((0, 1)));
        Assert.That(imports[0].IsRevoked, Is.True);
        Shared.Eventually(() => shared.Queue.GetStatistics().Revocations == 1, "without a call");
        Assert.That(MemoryFile.Resident(imports[0].File), Is.Zero);
    }

    /// <summary>As long as it is held it is tried again; let go, it is reclaimed all the same.</summary>
    [Test]
    public void ARevocationThatTheSystemAlwaysRefuses_DoesNotKeepWhatNobodyHolds()
    {
        using Shared shared = Held(out BufferImport[] imports, new BufferQueueOptions { Faults = FaultPlan.Random(1).At(FaultPoint.HolePunch) }, 1);
        shared.Queue.Release(ReleaseMode.Revoke);
        Assert.That(shared.Queue.WaitForReclaim(TimeSpan.FromMilliseconds(250)), Is.False, "it is held");
        imports[0].Dispose();
        Assert.That(shared.Queue.WaitForReclaim(Shared.Soon), Is.True);
        Assert.That(shared.Queue.GetStatistics().Revocations, Is.Zero);
    }

    [Test]
    public void NonsenseIsInvalid_AndNothingIsReleased()
    {
        using Shared shared = Held(out _, 1);
        shared.RefusedWithoutTrace(BufferError.Invalid, () => shared.Queue.Release((ReleaseMode)9));
        shared.RefusedWithoutTrace(BufferError.Invalid, () => shared.Queue.Release(ReleaseMode.Revoke, TimeSpan.FromTicks(-1)));
        shared.RefusedWithoutTrace(BufferError.Invalid, () => shared.Queue.Release(ReleaseMode.Revoke, Timeout.InfiniteTimeSpan));
    }

    [Test]
    public void WhileTheStreamIsOn_ItIsBusy_InEachMode([Values] ReleaseMode mode)
    {
        using Shared shared = Held(out _, 1);
        shared.Queue.StreamOn();
        shared.Queue.Queue(1);
        BufferException refused = shared.RefusedWithoutTrace(BufferError.Busy, () => shared.Queue.Release(mode));
        Assert.That(refused.Message, Does.Contain("ImplicitStop"));
        Assert.That(shared.Queue.Query(1).State, Is.EqualTo(BufferState.Active));
        Assert.That(refused.Holders, Is.Empty);
    }

    [Test]
    public void WithAnImplicitStop_TheStreamEndsWithTheBuffers([Values(ReleaseMode.Orphan, ReleaseMode.Revoke)] ReleaseMode mode)
    {
        using Shared shared = Held(out BufferImport[] imports, new BufferQueueOptions { ImplicitStop = true }, 1, 3);
        shared.Queue.StreamOn();
        shared.Queue.Queue(1);
        Assert.That(shared.Queue.Release(mode).Freed, Is.EqualTo(2));
        Shared.Refused(BufferError.Invalid, () => shared.Queue.TryDequeue(out _));
        shared.Queue.Request(1, Length);
        shared.Queue.StreamOn();
        Assert.That(shared.Queue.TryDequeue(out _), Is.False, "nothing of before comes back");
        Array.ForEach(imports, import => import.Dispose());
        Assert.That(shared.Queue.WaitForReclaim(Shared.Soon), Is.True);
    }

    [Test]
    public void WithAnImplicitStop_AStrictReleaseThatIsRefused_StopsNothing()
    {
        using Shared shared = Held(out _, new BufferQueueOptions { ImplicitStop = true }, 1);
        shared.Queue.StreamOn();
        shared.Queue.Queue(1);
        shared.RefusedWithoutTrace(BufferError.Busy, () => shared.Queue.Release(ReleaseMode.Strict));
        Assert.That(shared.Queue.Query(1).State, Is.EqualTo(BufferState.Active));
        Assert.That(shared.Queue.TryDequeue(out _), Is.False, "the stream is on");
    }

    [Test]
    public void TheQueuesEnd_DoesAsTheOptionsSay([Values(ReleaseMode.Orphan, ReleaseMode.Revoke)] ReleaseMode mode)
    {
        Shared shared = Held(out BufferImport[] imports, new BufferQueueOptions { DisposeMode = mode }, 1, 3);
        shared.Queue.GetSpan(1).Fill(1);
        shared.Queue.GetSpan(3).Fill(1);
        shared.Queue.Remove(1, 1);
        shared.Queue.Dispose();
        foreach (BufferImport import in imports)
        {
            Assert.That(MemoryFiles.TryGetStatus(import.File, out FileStatus status), Is.True);
            Assert.That(status.ResidentBytes, Is.EqualTo(mode == ReleaseMode.Revoke ? 0 : Length));
            Assert.That(import.IsRevoked, Is.EqualTo(mode == ReleaseMode.Revoke));
        }

        if (mode == ReleaseMode.Orphan)
        {
            Assert.That(imports[0].GetSpan()[5], Is.EqualTo(1), "left to its holder");
        }

        shared.Dispose();
    }

    [Test]
    public void ARemovedBuffer_IsOrphanedOrFreed_LikeAReleasedOne()
    {
        using Shared shared = Held(out BufferImport[] imports, 1, 3);
        Assert.That(shared.Queue.Remove(0, 2), Is.EqualTo(new ReleaseResult(1, 1, Length, 0)));
        Assert.That(imports[0].IsReleased, Is.True);
        Assert.That(shared.Queue.RevokeOrphans(), Is.EqualTo(1));
        Assert.That(shared.Queue.RevokeOrphans(), Is.Zero, "once");
        Assert.That((imports[0].IsRevoked, imports[1].IsRevoked), Is.EqualTo((true, false)), "live ones are not touched");
    }

    private static Shared Held(out BufferImport[] imports, params int[] held) => Held(out imports, new BufferQueueOptions(), held);

    /// <summary>Four buffers, some of which an importer has.</summary>
    private static Shared Held(out BufferImport[] imports, BufferQueueOptions options, params int[] held)
    {
        Shared shared = new(options);
        shared.Queue.Request(4, Length);
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        imports = [.. held.Select(index => shared.Export(index, peer, importer))];
        return shared;
    }
}
