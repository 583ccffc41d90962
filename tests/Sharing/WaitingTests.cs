using System.Runtime.Versioning;
using MagAlloc.Sharing.Platform;
using MagAlloc.Tests.Platform;
using MagAlloc.Tests.Sharing.Support;

namespace MagAlloc.Tests.Sharing;

/// <summary>Who waits for a buffer or a frame, who may not, and what wakes him.</summary>
[Platform("Linux")]
[SupportedOSPlatform("linux")]
public sealed class WaitingTests
{
    private static IEnumerable<TestCaseData> Ends()
    {
        yield return End("StreamOff", BufferError.Invalid, queue => queue.StreamOff());
        yield return End("Abort", BufferError.QueueFailed, queue => queue.Abort());
        yield return End("Abort by another handle", BufferError.QueueFailed, queue =>
        {
            using BufferQueue other = queue.OpenAnother();
            other.Abort();
        });
        yield return End("stopped and started again", BufferError.Invalid, queue =>
        {
            queue.StreamOff();
            queue.StreamOn();
        });
        yield return End("Release with an implicit stop", BufferError.Invalid, queue => queue.Release());

        static TestCaseData End(string name, BufferError error, Action<BufferQueue> end) => new TestCaseData(error, end).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(Ends))]
    public void WhoWaits_IsWoken(BufferError error, Action<BufferQueue> end)
    {
        using Shared shared = new(new BufferQueueOptions { ImplicitStop = true });
        shared.Queue.Request(1, Shared.Page);
        shared.Queue.StreamOn();
        Task<BufferError?> waiting = WaitInBackground(shared.Queue);
        end(shared.Queue);
        Assert.That(waiting.Wait(Shared.Soon), Is.True);
        Assert.That(waiting.Result, Is.EqualTo(error));
    }

    [Test]
    public void WhoWaits_IsWokenByTheEndOfTheQueue()
    {
        Shared shared = new();
        shared.Queue.Request(1, Shared.Page);
        shared.Queue.StreamOn();
        Task<BufferError?> waiting = WaitInBackground(shared.Queue);
        shared.Dispose();
        Assert.That(Task.WaitAny([waiting], Shared.Soon), Is.Zero);
        if (waiting.IsFaulted)
        {
            Assert.That(waiting.Exception.InnerException, Is.TypeOf<ObjectDisposedException>());
        }
        else
        {
            Assert.That(waiting.Result, Is.EqualTo(BufferError.Invalid), "it was stopped");
        }
    }

    [Test]
    public void ASecondWaiter_IsBusy_AndTheFirstOneGetsTheBuffer()
    {
        using Shared shared = StreamTests.Streaming(1, out BufferImporter importer);
        BufferQueue queue = shared.Queue;
        Task<BufferError?> waiting = WaitInBackground(queue);
        Shared.Refused(BufferError.Busy, () => queue.TryDequeue(out _));
        Shared.Refused(BufferError.Busy, () => queue.TryDequeue(out _, Shared.Soon));
        Shared.Refused(BufferError.Busy, () => queue.Request(1, Shared.Page));
        queue.Queue(0);
        StreamTests.Acknowledge(importer);
        Assert.That(waiting.Wait(Shared.Soon), Is.True);
        Assert.That(waiting.Result, Is.Null);
        Assert.That(queue.TryDequeue(out _), Is.False, "and then it is somebody else's turn");
    }

    [Test]
    public void NotToWait_IsFalseAtOnce_AndToWaitIsFalseAfterwards()
    {
        using Shared shared = StreamTests.Streaming(1, out _);
        shared.Queue.Queue(0);
        Assert.That(shared.Queue.TryDequeue(out CompletedBuffer none), Is.False);
        Assert.That(none, Is.EqualTo(default(CompletedBuffer)));
        var watch = System.Diagnostics.Stopwatch.StartNew();
        Assert.That(shared.Queue.TryDequeue(out _, TimeSpan.FromMilliseconds(30)), Is.False);
        Assert.That(watch.Elapsed, Is.GreaterThanOrEqualTo(TimeSpan.FromMilliseconds(29)));
    }

    [Test]
    public void AnError_EndsQueueingAndDequeueing_UntilTheStreamIsOff()
    {
        using Shared shared = StreamTests.Streaming(2, out BufferImporter importer);
        BufferQueue queue = shared.Queue;
        queue.Queue(0);
        StreamTests.Acknowledge(importer);
        Shared.Eventually(() => queue.Query(0).State == BufferState.Done, "it is back");
        queue.Abort();
        shared.RefusedWithoutTrace(BufferError.QueueFailed, () => queue.Queue(1));
        shared.RefusedWithoutTrace(BufferError.QueueFailed, () => queue.TryDequeue(out _));
        Assert.That(queue.Query(0).State, Is.EqualTo(BufferState.Done), "looking is allowed");
        queue.StreamOff();
        queue.StreamOn();
        Assert.That(shared.Pass(0, importer).IsError, Is.False);
    }

    [Test]
    public void WhileTheStreamIsOff_NothingCanBeDequeued()
    {
        using Shared shared = new();
        shared.RefusedWithoutTrace(BufferError.Invalid, () => shared.Queue.TryDequeue(out _));
        shared.Queue.Request(1, Shared.Page);
        shared.RefusedWithoutTrace(BufferError.Invalid, () => shared.Queue.TryDequeue(out _, Shared.Soon));
    }

    [Test]
    public void AReceiverThatWaits_IsWokenByTheOwnersEnd()
    {
        using Shared shared = new();
        (_, BufferImporter importer) = shared.Connect();
        Task<bool> receiving = Task.Factory.StartNew(() => importer.TryReceive(out _, Timeout.InfiniteTimeSpan), TaskCreationOptions.LongRunning);
        shared.Queue.Dispose();
        Assert.That(receiving.Wait(Shared.Soon), Is.True);
        Assert.That((receiving.Result, importer.IsConnected), Is.EqualTo((false, false)));
    }

    [Test]
    public void AReceiverThatWaits_IsWokenByItsOwnEnd()
    {
        using Shared shared = new();
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        Task<bool> receiving = Task.Factory.StartNew(() => importer.TryImport(out _, Timeout.InfiniteTimeSpan), TaskCreationOptions.LongRunning);
        importer.Dispose();
        Assert.That(receiving.Wait(Shared.Soon), Is.True);
        Assert.That(receiving.Result, Is.False);
        Shared.Eventually(() => !peer.IsConnected, "the owner notices");
    }

    [Test]
    public void ASecondReceiver_IsBusy()
    {
        using Shared shared = new();
        (_, BufferImporter importer) = shared.Connect();
        Task<bool> receiving = Task.Factory.StartNew(
            () =>
            {
                while (true)
                {
                    try
                    {
                        return importer.TryReceive(out _, Timeout.InfiniteTimeSpan);
                    }
                    catch (BufferException e) when (e.Error == BufferError.Busy)
                    {
                        // The other one was looking at that moment.
                    }
                }
            },
            TaskCreationOptions.LongRunning);
        Shared.Eventually(
            () =>
            {
                try
                {
                    importer.TryReceive(out _);
                    return false;
                }
                catch (BufferException e) when (e.Error == BufferError.Busy)
                {
                    return true;
                }
            },
            "another thread receives");
        importer.Dispose();
        Assert.That(receiving.Wait(Shared.Soon), Is.True);
    }

    [Test]
    public void WhoWaitsForReclaim_IsWokenByTheEndOfTheQueue()
    {
        Shared shared = new(new BufferQueueOptions { DisposeMode = ReleaseMode.Orphan });
        shared.Queue.Request(1, Shared.Page);
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        shared.Export(0, peer, importer);
        shared.Queue.Release();
        Task<bool> waiting = Task.Factory.StartNew(() => shared.Queue.WaitForReclaim(Timeout.InfiniteTimeSpan), TaskCreationOptions.LongRunning);
        Thread.Sleep(20);
        shared.Queue.Dispose();
        Assert.That(waiting.Wait(Shared.Soon), Is.True);
        Assert.That(waiting.Result, Is.False, "the buffer is held as before");
        Assert.That(() => shared.Queue.WaitForReclaim(TimeSpan.Zero), Throws.TypeOf<ObjectDisposedException>());
        shared.Dispose();
    }

    [Test]
    public void WhoAccepts_IsWokenByTheListenersEnd()
    {
        using Shared shared = new();
        BufferListener listener = new($"{shared.Address}-second");
        Task accepting = Task.Factory.StartNew(() => shared.Queue.Accept(listener, Timeout.InfiniteTimeSpan), TaskCreationOptions.LongRunning);
        Thread.Sleep(20);
        listener.Dispose();
        Assert.That(Task.WaitAny([accepting], Shared.Soon), Is.Zero);
        Assert.That(() => accepting.GetAwaiter().GetResult(), Throws.TypeOf<ObjectDisposedException>());
    }

    [Test]
    public void Signals_EndNoWait()
    {
        using Shared shared = new();
        SignalledThread.Run(() =>
        {
            FileDescriptor socket = RawImporter.Dial(shared.Address);
            Task later = Task.Run(() =>
            {
                Thread.Sleep(100);
                RawImporter.TrySay(socket, RawImporter.Hello());
            });
            Assert.That(shared.Queue.Accept(shared.Listener, Shared.Soon), Is.Not.Null, "it may take its time to introduce itself");
            later.GetAwaiter().GetResult();
            socket.Dispose();
        });
        SignalledThread.Run(() =>
        {
            var watch = System.Diagnostics.Stopwatch.StartNew();
            Assert.That(shared.Queue.Accept(shared.Listener, TimeSpan.FromMilliseconds(100)), Is.Null);
            Assert.That(watch.ElapsedMilliseconds, Is.GreaterThanOrEqualTo(99));
        });
        using RawOwner owner = new();
        Task welcoming = Task.Run(() =>
        {
            owner.Take();
            Thread.Sleep(100);
            owner.Welcome(owner.Control.Readable, owner.Control.Bytes);
        });
        SignalledThread.Run(() => BufferImporter.Connect(owner.Address).Dispose());
        Assert.That(welcoming.Wait(Shared.Soon), Is.True);
    }

    private static Task<BufferError?> WaitInBackground(BufferQueue queue)
    {
        Task<BufferError?> waiting = Task.Factory.StartNew<BufferError?>(
            () =>
            {
                while (true)
                {
                    try
                    {
                        Assert.That(queue.TryDequeue(out _, Timeout.InfiniteTimeSpan), Is.True);
                        return null;
                    }
                    catch (BufferException e) when (e.Error == BufferError.Busy)
                    {
                        // It is being looked whether this waits already.
                    }
                    catch (BufferException e)
                    {
                        return e.Error;
                    }
                }
            },
            TaskCreationOptions.LongRunning);
        UntilSomebodyWaits(queue);
        return waiting;
    }

    private static void UntilSomebodyWaits(BufferQueue queue) => Shared.Eventually(
        () =>
        {
            try
            {
                queue.TryDequeue(out _);
                return false;
            }
            catch (BufferException e) when (e.Error == BufferError.Busy)
            {
                return true;
            }
        },
        "somebody waits");
}
