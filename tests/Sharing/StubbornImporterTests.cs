using System.Runtime.Versioning;
using MagAlloc.Sharing.Platform;
using MagAlloc.Tests.Platform;
using MagAlloc.Tests.Sharing.Support;

namespace MagAlloc.Tests.Sharing;

/// <summary>Importers that do not read, do not stop talking, or say that they let go and do not.</summary>
[Platform("Linux")]
[SupportedOSPlatform("linux")]
public sealed unsafe class StubbornImporterTests
{
    private static readonly TimeSpan s_generous = TimeSpan.FromSeconds(5);

    /// <summary>It acknowledges unseen, so its frames are never in the way, and its socket fills up.</summary>
    [Test]
    public void OneThatNeverReads_IsDisconnected_AndTheOwnerWaitsNever()
    {
        using Shared shared = new();
        shared.Queue.Request(2, Shared.Page);
        using RawImporter raw = RawImporter.Join(shared);
        SharingMessage export = raw.Take(shared, 0, out FileDescriptor file);
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        shared.Export(1, peer, importer);
        shared.Queue.StreamOn();
        int rounds = 0;
        for (; raw.Peer.IsConnected; rounds++)
        {
            Assert.That(rounds, Is.LessThan(100_000), "sockets are not that large");
            long sequence = shared.Queue.Queue(0);
            if (shared.Queue.Query(0).State != BufferState.Active)
            {
                break;
            }

            RawImporter.TrySay(raw.Socket, export with { Kind = MessageKind.Acknowledged, Sequence = sequence });
            Assert.That(shared.Queue.TryDequeue(out _, Shared.Soon), Is.True);
        }

        Assert.That(rounds, Is.GreaterThan(2 * 32 + 64), "as many messages as an honest one can be behind fit in");
        Shared.Eventually(() => !raw.Peer.IsConnected, "it is disconnected");
        Assert.That(shared.Queue.Query(0).State, Is.EqualTo(BufferState.Queued), "the frame waits for the next who has the buffer");
        Assert.That(shared.Pass(1, importer).IsError, Is.False, "nobody else is hurt");
        Assert.That(shared.Queue.GetStatistics().Misuses, Is.Zero);
        file.Dispose();
    }

    [Test]
    public void OneThatNeverReads_TakesItsShareOfAFrameWithIt()
    {
        using Shared shared = new();
        shared.Queue.Request(2, Shared.Page);
        using RawImporter raw = RawImporter.Join(shared);
        SharingMessage export = raw.Take(shared, 0, out FileDescriptor file);
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        shared.Export(0, peer, importer);
        shared.Queue.StreamOn();
        bool isError = false;
        for (int round = 0; round < 100_000 && !isError; round++)
        {
            long sequence = shared.Queue.Queue(0);
            RawImporter.TrySay(raw.Socket, export with { Kind = MessageKind.Acknowledged, Sequence = sequence });
            StreamTests.Acknowledge(importer);
            Assert.That(shared.Queue.TryDequeue(out CompletedBuffer completed, Shared.Soon), Is.True);
            isError = completed.IsError;
        }

        Assert.That(isError, Is.True, "one of its importers did not get it");
        Shared.Eventually(() => !raw.Peer.IsConnected, "it is disconnected");
        Assert.That(shared.Pass(0, importer).IsError, Is.False);
        file.Dispose();
    }

    [Test]
    public void AnExport_ToOneWhoseSocketIsFull_IsTheEndOfIt()
    {
        using Shared shared = new();
        shared.Queue.Request(1, Shared.Page);
        using RawImporter raw = RawImporter.Join(shared);
        Fill(raw.Peer.Socket);
        BufferException refused = Shared.Refused(BufferError.Ended, () => shared.Queue.Export(0, raw.Peer));
        Assert.That(refused.Message, Does.Contain("not connected"));
        Assert.That((raw.Peer.IsConnected, raw.Peer.HeldBuffers, shared.Queue.Query(0).IsHeld), Is.EqualTo((false, 0, false)));
    }

    /// <summary>A reader of what was sent before has as long as for a frame; one that never reads is not waited for longer.</summary>
    [Test]
    public void TheEndOfAStream_ToOneWhoseSocketStaysFull_IsTheEndOfIt()
    {
        using Shared shared = new(new BufferQueueOptions { AcknowledgeTimeout = TimeSpan.FromMilliseconds(50) });
        shared.Queue.Request(1, Shared.Page);
        using RawImporter raw = RawImporter.Join(shared);
        shared.Queue.StreamOn();
        Fill(raw.Peer.Socket);
        shared.Queue.StreamOff();
        Shared.Eventually(() => !raw.Peer.IsConnected, "it is disconnected");
    }

    /// <summary>The page that all share has told it already.</summary>
    [Test]
    public void ARevocation_ToOneWhoseSocketIsFull_IsDoneAllTheSame()
    {
        using Shared shared = new();
        shared.Queue.Request(1, Shared.Page);
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        BufferImport import = shared.Export(0, peer, importer);
        Fill(peer.Socket);
        Assert.That(shared.Queue.Release(ReleaseMode.Revoke).Revoked, Is.EqualTo(1));
        Assert.That((import.IsRevoked, peer.IsConnected), Is.EqualTo((true, true)));
    }

    /// <summary>What it may say follows from what it was given; whatever is more is nonsense, and would keep the owner from everybody else.</summary>
    [Test]
    public void OneThatNeverStopsTalking_IsThrownOut_AndKeepsNobodyWaiting()
    {
        using Shared shared = new(new BufferQueueOptions { OrphanTimeout = TimeSpan.FromMilliseconds(50) });
        shared.Queue.Request(2, Shared.Page);
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        BufferImport import = shared.Export(0, peer, importer);
        shared.Queue.StreamOn();
        bool stop = false;
        RawImporter[] crowd = [.. Enumerable.Range(0, 6).Select(_ => RawImporter.Join(shared))];
        Thread[] talkers = [.. crowd.Select(raw => new Thread(() =>
        {
            MessageSocket.SetSendBuffer(raw.Socket, 4 << 20);
            while (!Volatile.Read(ref stop))
            {
                RawImporter.TrySay(raw.Socket, new SharingMessage { Kind = MessageKind.Acknowledged });
            }
        }))];
        Array.ForEach(talkers, talker => talker.Start());
        try
        {
            var watch = System.Diagnostics.Stopwatch.StartNew();
            Assert.That(shared.Queue.TryDequeue(out _, TimeSpan.FromMilliseconds(20)), Is.False);
            Assert.That(shared.Queue.TryDequeue(out _), Is.False);
            Assert.That(watch.Elapsed, Is.LessThan(s_generous));
            Assert.That(shared.Pass(0, importer).IsError, Is.False, "frames of others go over and back");
            shared.Queue.Remove(0, 1);
            Assert.That(Shared.IsRevoked(import, Shared.Soon), Is.True, "and deadlines are kept");
            import.Dispose();
            Assert.That(shared.Queue.WaitForReclaim(Shared.Soon), Is.True);
            Shared.Eventually(() => shared.Queue.GetStatistics().Misuses == crowd.Length, "thrown out");
        }
        finally
        {
            Volatile.Write(ref stop, true);
            Array.ForEach(talkers, talker => talker.Join());
        }

        Assert.That((shared.Queue.GetStatistics().Importers, peer.IsConnected), Is.EqualTo((1, true)));
    }

    /// <summary>Importing, letting go, acknowledging, and a little more than that by mistake, are no nonsense, however long it goes on.</summary>
    [Test]
    public void OneThatSaysWhatItMust_MayGoOnForEver()
    {
        using Shared shared = new();
        shared.Queue.Request(1, Shared.Page);
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        shared.Queue.StreamOn();
        for (int round = 0; round < 500; round++)
        {
            BufferImport import = shared.Export(0, peer, importer);
            Assert.That(shared.Pass(0, importer).IsError, Is.False);
            import.Dispose();
            Shared.Eventually(() => peer.HeldBuffers == 0, "it has let go");
        }

        Assert.That((peer.IsConnected, shared.Queue.GetStatistics().Misuses), Is.EqualTo((true, 0L)));
    }

    [Test]
    public void OneThatHangs_IsSeenByTheFramesThatItHas()
    {
        using Shared shared = new();
        shared.Queue.Request(3, Shared.Page);
        using RawImporter raw = RawImporter.Join(shared);
        SharingMessage[] exports = [.. Enumerable.Range(0, 3).Select(i =>
        {
            SharingMessage export = raw.Take(shared, i, out FileDescriptor file);
            file.Dispose();
            return export;
        })];
        shared.Queue.StreamOn();
        Assert.That(raw.Peer.UnacknowledgedFrames, Is.Zero);
        shared.Queue.Queue(0);
        shared.Queue.Queue(2);
        Assert.That(raw.Peer.UnacknowledgedFrames, Is.EqualTo(2));
        raw.Say(MessageKind.Acknowledged, exports[2] with { Sequence = 2 });
        Shared.Eventually(() => raw.Peer.UnacknowledgedFrames == 1, "one is acknowledged");
        shared.Queue.StreamOff();
        Assert.That(raw.Peer.UnacknowledgedFrames, Is.Zero);
    }

    [Test]
    public void AFalseRelease_IsNotBelieved([Values(BufferTracking.Exact, BufferTracking.Polled)] BufferTracking tracking)
    {
        FaultPlan? plan = tracking == BufferTracking.Polled ? FaultPlan.FailNth(1).At(FaultPoint.FileWatch) : null;
        using Shared shared = new(new BufferQueueOptions { Faults = plan });
        Assert.That(shared.Queue.Tracking, Is.EqualTo(tracking));
        shared.Queue.Request(1, Shared.Page);
        using RawImporter raw = RawImporter.Join(shared);
        SharingMessage export = raw.Take(shared, 0, out FileDescriptor file);
        shared.Queue.StreamOn();
        shared.Queue.Queue(0);
        for (int i = 0; i < 3; i++)
        {
            raw.Say(MessageKind.LetGo, export);
        }

        Assert.That(shared.Queue.TryDequeue(out CompletedBuffer completed, Shared.Soon), Is.True);
        Assert.That(completed.IsError, Is.True, "it gets no frames any more");
        raw.Say(new SharingMessage { Kind = MessageKind.Acknowledged });
        Shared.Eventually(() => shared.Queue.GetStatistics().StaleAcknowledgements == 1, "all is heard");
        Assert.That((shared.Queue.GetStatistics().FalseReleases, raw.Peer.HeldBuffers, raw.Peer.HeldBytes), Is.EqualTo((1L, 1, (long)Shared.Page)), "once");
        Assert.That(shared.Queue.Query(0).IsHeld, Is.True);
        shared.Queue.Queue(0);
        Assert.That(shared.Queue.Query(0).State, Is.EqualTo(BufferState.Queued));
        Shared.Refused(BufferError.Busy, () => shared.Queue.Export(0, raw.Peer));

        file.Dispose();
        Shared.Eventually(() => raw.Peer.HeldBuffers == 0, "the claim ends with the hold");
        Assert.That(shared.Queue.Query(0).IsHeld, Is.False);
    }

    /// <summary>What one that has left still holds is not held against those who stay.</summary>
    [Test]
    public void AReleaseIsBelieved_WhereSomebodyWhoLeftMayBeTheHolder()
    {
        using Shared shared = new();
        shared.Queue.Request(1, Shared.Page);
        using RawImporter gone = RawImporter.Join(shared);
        gone.Take(shared, 0, out FileDescriptor kept);
        gone.Dispose();
        Shared.Eventually(() => !gone.Peer.IsConnected, "gone");
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        shared.Export(0, peer, importer).Dispose();
        Shared.Eventually(() => peer.HeldBuffers == 0, "believed");
        Assert.That(shared.Queue.GetStatistics().FalseReleases, Is.Zero);
        Assert.That(shared.Queue.Query(0).IsHeld, Is.True, "but it is held");

        kept.Dispose();
        Assert.That(shared.Queue.Query(0).IsHeld, Is.False);
        using RawImporter liar = RawImporter.Join(shared);
        liar.Say(MessageKind.LetGo, liar.Take(shared, 0, out FileDescriptor file));
        Shared.Eventually(() => shared.Queue.GetStatistics().FalseReleases == 1, "from then on the kernel can say again whose hold it is");
        file.Dispose();
    }

    /// <summary>The close is told a moment before the hold has ended: one look then is not enough.</summary>
    [Test]
    public void AFalseRelease_WhoseHoldEndsWhileItIsLookedAt_IsNotForgotten()
    {
        using Shared shared = new();
        shared.Queue.Request(1, Shared.Page);
        using RawImporter raw = RawImporter.Join(shared);
        for (int round = 0; round < 20; round++)
        {
            SharingMessage export = raw.Take(shared, 0, out FileDescriptor file);
            FileDescriptor second = MemoryFile.Reopen(file);
            raw.Say(MessageKind.LetGo, export);
            Shared.Eventually(() => shared.Queue.GetStatistics().FalseReleases == round + 1, "not believed");

            // Two closes behind each other are one message of the kernel's: the look that it brings may fall between them.
            file.Dispose();
            Thread.SpinWait(round * 200);
            second.Dispose();
            Shared.Eventually(() => raw.Peer.HeldBuffers == 0, "the claim ends with the hold");
        }
    }

    [Test]
    public void AFalseRelease_OfAnOrphan_EndsWithItsRevocationOrItsHold()
    {
        using Shared shared = new();
        shared.Queue.Request(1, Shared.Page);
        using RawImporter raw = RawImporter.Join(shared);
        SharingMessage export = raw.Take(shared, 0, out FileDescriptor file);
        shared.Queue.Release();
        raw.Say(MessageKind.LetGo, export);
        Shared.Eventually(() => shared.Queue.GetStatistics().FalseReleases == 1, "not believed");
        Assert.That(shared.Queue.WaitForReclaim(TimeSpan.FromMilliseconds(50)), Is.False);
        Assert.That(shared.Queue.RevokeOrphans(), Is.EqualTo(1));
        file.Dispose();
        Assert.That(shared.Queue.WaitForReclaim(Shared.Soon), Is.True);
        Assert.That(raw.Peer.HeldBuffers, Is.Zero);
    }

    [Test]
    public void ManyThatComeAndGo_LeaveNothing()
    {
        using Shared shared = new();
        shared.Queue.Request(1, Shared.Page);
        OpenFiles before = OpenFiles.Count();
        for (int round = 0; round < 10; round++)
        {
            RawImporter[] crowd = [.. Enumerable.Range(0, 20).Select(_ => RawImporter.Join(shared))];
            FileDescriptor[] files = [.. crowd.Select(raw =>
            {
                raw.Take(shared, 0, out FileDescriptor file);
                return file;
            })];
            Assert.That(shared.Queue.Query(0).Importers, Is.EqualTo(20));
            Array.ForEach(crowd, raw => raw.Dispose());
            Shared.Eventually(() => shared.Queue.GetStatistics().Importers == 0, "gone");
            Assert.That((shared.Queue.Query(0).Importers, shared.Queue.Query(0).IsHeld), Is.EqualTo((0, true)));
            Array.ForEach(files, file => file.Dispose());
            Assert.That(shared.Queue.Query(0).IsHeld, Is.False);
        }

        before.AssertNothingMore();
    }

    [Test]
    public void ADisconnectedOne_KeepsWhatItHolds_UntilItIsRevoked()
    {
        using Shared shared = new();
        shared.Queue.Request(1, Shared.Page);
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        BufferImport import = shared.Export(0, peer, importer);
        shared.Queue.StreamOn();
        shared.Queue.Queue(0);
        peer.Disconnect();
        peer.Disconnect();
        Assert.That((peer.IsConnected, peer.HeldBuffers), Is.EqualTo((false, 0)));
        Assert.That(shared.Queue.TryDequeue(out CompletedBuffer completed, Shared.Soon), Is.True);
        Assert.That(completed.IsError, Is.True);
        while (importer.TryReceive(out _, Shared.Soon))
        {
            // What was sent before.
        }

        Assert.That((importer.IsConnected, import.IsRevoked), Is.EqualTo((false, false)));
        Assert.That(shared.Queue.Query(0).IsHeld, Is.True);
        shared.Queue.StreamOff();
        Assert.That(shared.Queue.Release(ReleaseMode.Revoke).Revoked, Is.EqualTo(1));
        Assert.That(import.IsRevoked, Is.True, "the page that says so outlives the connection");
        import.Dispose();
        Assert.That(shared.Queue.WaitForReclaim(Shared.Soon), Is.True);
    }

    /// <summary>As many messages as it takes until none goes in any more; of a kind that importers pass over.</summary>
    private static void Fill(FileDescriptor socket)
    {
        while (RawImporter.TrySay(socket, new SharingMessage { Kind = MessageKind.Imported }))
        {
        }
    }
}
