using System.Runtime.Versioning;
using MagAlloc.Events;
using MagAlloc.Tests.Events.Support;
using MagAlloc.Tests.Sharing.Support;

namespace MagAlloc.Tests.Sharing;

/// <summary>One handle owns the queue, as one open file does of a device: the cases of v4l2-compliance with two handles, and of closing.</summary>
[Platform("Linux")]
[SupportedOSPlatform("linux")]
[NonParallelizable]
public sealed class OwnershipTests
{
    private static IEnumerable<TestCaseData> OwnerCalls()
    {
        yield return Call("Request(1)", (queue, _) => queue.Request(1, Shared.Page));
        yield return Call("Request(0)", (queue, _) => queue.Request(0, 0));
        yield return Call("Create(1)", (queue, _) => queue.Create(1, Shared.Page));
        yield return Call("Remove", (queue, _) => queue.Remove(0, 1));
        yield return Call("Freeze", (queue, _) => queue.Freeze(1));
        yield return Call("Export", (queue, peer) => queue.Export(0, peer));
        yield return Call("ExportDmaBuf", (queue, _) => queue.ExportDmaBuf(0));
        yield return Call("GetSpan", (queue, _) => queue.GetSpan(0));
        yield return Call("GetReadOnlySpan", (queue, _) => queue.GetReadOnlySpan(0));
        yield return Call("GetMemory", (queue, _) => queue.GetMemory(0));
        yield return Call("StreamOn", (queue, _) => queue.StreamOn());
        yield return Call("StreamOff", (queue, _) => queue.StreamOff());
        yield return Call("Queue", (queue, _) => queue.Queue(0));
        yield return Call("TryDequeue", (queue, peer) => queue.TryDequeue(out _));
        yield return Call("Release", (queue, _) => queue.Release());
        yield return Call("Release(Strict)", (queue, _) => queue.Release(ReleaseMode.Strict));
        yield return Call("Release(Revoke)", (queue, _) => queue.Release(ReleaseMode.Revoke));
        yield return Call("RevokeOrphans", (queue, _) => queue.RevokeOrphans());

        static TestCaseData Call(string name, Action<BufferQueue, BufferPeer> call) => new TestCaseData(call).SetArgDisplayNames(name);
    }

    private static IEnumerable<TestCaseData> AnybodysCalls()
    {
        yield return Call("Query", (queue, _) => Assert.That(queue.Query(0).Length, Is.EqualTo(Shared.Page)));
        yield return Call("GetStatistics", (queue, _) => Assert.That(queue.GetStatistics().LiveBuffers, Is.EqualTo(2)));
        yield return Call("Create(0)", (queue, _) => Assert.That(queue.Create(0, 0), Is.EqualTo(new BufferRange(2, 0))));
        yield return Call("Remove of none", (queue, _) => Assert.That(queue.Remove(0, 0), Is.EqualTo(default(ReleaseResult))));
        yield return Call("WaitForReclaim", (queue, _) => Assert.That(queue.WaitForReclaim(TimeSpan.Zero), Is.True));
        yield return Call("Accept", (queue, listener) => Assert.That(queue.Accept(listener, TimeSpan.Zero), Is.Null));
        yield return Call("OpenAnother", (queue, _) => queue.OpenAnother().Dispose());
        yield return Call("Abort", (queue, _) => queue.Abort());

        static TestCaseData Call(string name, Action<BufferQueue, BufferListener> call) => new TestCaseData(call).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(OwnerCalls))]
    public void WhileAnotherHandleOwns_ItIsBusy(Action<BufferQueue, BufferPeer> call)
    {
        using Shared shared = new();
        shared.Queue.Request(1, Shared.Page);
        shared.Queue.Create(1, Shared.Page, BufferProfile.Immutable);
        (BufferPeer peer, _) = shared.Connect();
        using BufferQueue other = shared.Queue.OpenAnother();

        BufferException refused = shared.RefusedWithoutTrace(BufferError.Busy, () => call(other, peer));
        Assert.That(refused.Message, Does.Contain("another handle owns"));
    }

    [TestCaseSource(nameof(AnybodysCalls))]
    public void WhoeverOwns_AnybodyMay(Action<BufferQueue, BufferListener> call)
    {
        using Shared shared = new();
        shared.Queue.Request(2, Shared.Page);
        using BufferQueue other = shared.Queue.OpenAnother();
        call(other, shared.Listener);
    }

    [TestCaseSource(nameof(OwnerCalls))]
    public void ADisposedHandle_IsToldSo(Action<BufferQueue, BufferPeer> call)
    {
        using Shared shared = new();
        (BufferPeer peer, _) = shared.Connect();
        BufferQueue other = shared.Queue.OpenAnother();
        other.Request(1, Shared.Page);
        other.Create(1, Shared.Page, BufferProfile.Immutable);
        other.Dispose();
        Assert.That(() => call(other, peer), Throws.TypeOf<ObjectDisposedException>(), "the queue lives");
        Assert.That(shared.Queue.GetStatistics().LiveBuffers, Is.Zero);
    }

    [Test]
    public void ADisposedHandle_OpensNone_AndReadsNothing()
    {
        using Shared shared = new();
        BufferQueue other = shared.Queue.OpenAnother();
        other.Dispose();
        other.Dispose();
        Assert.Multiple(() =>
        {
            Assert.That(() => other.OpenAnother(), Throws.TypeOf<ObjectDisposedException>());
            Assert.That(() => other.GetStatistics(), Throws.TypeOf<ObjectDisposedException>());
            Assert.That(() => other.Query(0), Throws.TypeOf<ObjectDisposedException>());
            Assert.That(() => other.Abort(), Throws.TypeOf<ObjectDisposedException>());
            Assert.That(() => other.Create(0, 0), Throws.TypeOf<ObjectDisposedException>());
        });
    }

    private static IEnumerable<TestCaseData> Releases()
    {
        yield return Way("Request(0)", queue => queue.Request(0, 0));
        yield return Way("Release", queue => queue.Release());
        yield return Way("Release(Strict)", queue => queue.Release(ReleaseMode.Strict));
        yield return Way("Release(Revoke)", queue => queue.Release(ReleaseMode.Revoke));
        yield return Way("Dispose", queue => queue.Dispose());

        static TestCaseData Way(string name, Action<BufferQueue> release) => new TestCaseData(release).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(Releases))]
    public void AfterTheOwnersRelease_AnotherMayOwn(Action<BufferQueue> release)
    {
        using Shared shared = new();
        using BufferQueue other = shared.Queue.OpenAnother();
        BufferQueue owner = shared.Queue.OpenAnother();
        owner.Request(3, Shared.Page);
        Shared.Refused(BufferError.Busy, () => other.Request(1, Shared.Page));

        release(owner);
        Assert.That(shared.Queue.GetStatistics().LiveBuffers, Is.Zero);
        Assert.That(other.Request(1, Shared.Page), Is.EqualTo(1));
        if (!owner.IsDisposed)
        {
            Shared.Refused(BufferError.Busy, () => owner.Request(1, Shared.Page));
            owner.Dispose();
        }

        Assert.That(other.Query(0).State, Is.EqualTo(BufferState.Dequeued), "what others do is nothing to the owner");
    }

    [Test]
    public void AnOwnersClose_StopsTheStream_AndOrphansWhatIsHeld()
    {
        using Shared shared = new(new BufferQueueOptions { DisposeMode = ReleaseMode.Orphan });
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        BufferQueue owner = shared.Queue.OpenAnother();
        owner.Request(2, Shared.Page);
        owner.Export(0, peer);
        Assert.That(importer.TryImport(out BufferImport? import, Shared.Soon), Is.True);
        owner.StreamOn();
        owner.Queue(0);

        owner.Dispose();
        BufferQueueStatistics books = shared.Queue.GetStatistics();
        Assert.That((books.LiveBuffers, books.OrphanedBuffers, books.Importers), Is.EqualTo((0, 1, 1)));
        Assert.That(import!.GetSpan()[0], Is.Zero, "an orphan can be read");
        Assert.That(shared.Queue.Request(1, Shared.Page), Is.EqualTo(1));
        Shared.Refused(BufferError.Invalid, () => shared.Queue.TryDequeue(out _));
        import.Dispose();
        Assert.That(shared.Queue.WaitForReclaim(Shared.Soon), Is.True);
    }

    [Test]
    public void AnOwnersClose_RevokesWhatIsHeld_ByDefault()
    {
        using Shared shared = new();
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        BufferQueue owner = shared.Queue.OpenAnother();
        owner.Request(1, Shared.Page);
        owner.Export(0, peer);
        Assert.That(importer.TryImport(out BufferImport? import, Shared.Soon), Is.True);
        owner.Dispose();
        Assert.That(import!.IsRevoked, Is.True);
        Assert.That(importer.IsConnected, Is.True, "the queue lives");
    }

    [Test]
    public void AnothersClose_IsNothingToTheOwner()
    {
        using Shared shared = new();
        BufferQueue other = shared.Queue.OpenAnother();
        shared.Queue.Request(1, Shared.Page);
        shared.Queue.StreamOn();
        other.Dispose();
        Assert.That(shared.Queue.TryDequeue(out _), Is.False);
        Assert.That(shared.Queue.GetStatistics().LiveBuffers, Is.EqualTo(1));
    }

    [Test]
    public void WhoFailsToMakeBuffers_DoesNotOwn()
    {
        using Shared shared = new(new BufferQueueOptions { ByteLimit = Shared.Page });
        using BufferQueue other = shared.Queue.OpenAnother();
        Shared.Refused(BufferError.QuotaExceeded, () => shared.Queue.Request(2, Shared.Page));
        Assert.That(other.Request(1, Shared.Page), Is.EqualTo(1));
        other.Request(0, 0);
        Shared.Refused(BufferError.QuotaExceeded, () => shared.Queue.Create(2, Shared.Page));
        Assert.That(other.Create(1, Shared.Page).Count, Is.EqualTo(1));
    }

    /// <summary>An event is raised for each buffer as it is made: the only place from which to look at that moment.</summary>
    [Test]
    public void WhileBuffersAreBeingMade_TheyAreTheMakersAlready([Values] bool byRequest)
    {
        using Shared shared = new();
        using BufferQueue other = shared.Queue.OpenAnother();
        using EventRecorder session = EventRecorder.Start(MagAllocEventSource.Keywords.Buffers);
        List<BufferError?> refusals = [];
        session.Told = told =>
        {
            if (told.Name == "BufferCreated")
            {
                refusals.Add(ErrorOf(() => other.GetSpan(0).Clear()));
                refusals.Add(ErrorOf(() => shared.Queue.Query(0)));
            }
        };
        int made = byRequest ? shared.Queue.Request(2, Shared.Page) : shared.Queue.Create(2, Shared.Page).Count;
        session.Told = null;
        Assert.That(made, Is.EqualTo(2));
        Assert.That(refusals, Is.EqualTo(new BufferError?[] { BufferError.Busy, null, BufferError.Busy, null }));
    }

    [Test]
    public void WhoRemovesAllBuffers_OwnsStill()
    {
        using Shared shared = new();
        using BufferQueue other = shared.Queue.OpenAnother();
        shared.Queue.Request(2, Shared.Page);
        shared.Queue.Remove(0, 2);
        Shared.Refused(BufferError.Busy, () => other.Request(1, Shared.Page));
        shared.Queue.Request(0, 0);
        Assert.That(other.Request(1, Shared.Page), Is.EqualTo(1));
    }

    [Test]
    public void WhileNobodyOwns_AnyHandleMayTry()
    {
        using Shared shared = new();
        using BufferQueue other = shared.Queue.OpenAnother();
        foreach (BufferQueue queue in new[] { shared.Queue, other })
        {
            Shared.Refused(BufferError.Invalid, () => queue.StreamOn());
            Shared.Refused(BufferError.Invalid, () => queue.Queue(0));
            Shared.Refused(BufferError.Invalid, () => queue.TryDequeue(out _));
            queue.StreamOff();
            Assert.That(queue.Release(), Is.EqualTo(default(ReleaseResult)));
            Assert.That(queue.RevokeOrphans(), Is.Zero);
        }
    }

    private static BufferError? ErrorOf(Action call)
    {
        try
        {
            call();
            return null;
        }
        catch (BufferException e)
        {
            return e.Error;
        }
    }
}
