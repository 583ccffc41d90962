using System.Buffers;
using System.Runtime.Versioning;
using MagAlloc.Sharing.Platform;
using MagAlloc.Tests.Platform;
using MagAlloc.Tests.Sharing.Support;

namespace MagAlloc.Tests.Sharing;

/// <summary>The end of a queue, and what others do at that moment: it is neither half done, nor felt by them.</summary>
[Platform("Linux")]
[SupportedOSPlatform("linux")]
[NonParallelizable]
public sealed class EndRaceTests
{
    [Test]
    public void ABellThatIsGone_CanBeRungAndSilenced()
    {
        FileDescriptor bell = Doorbell.Create()!;
        bell.Dispose();
        Assert.DoesNotThrow(() => Doorbell.Ring(bell));
        Assert.DoesNotThrow(() => Doorbell.Silence(bell));
        PollSet set = new();
        int place = set.Add(bell, forReading: true);
        Assert.That((set.Wait(-1), set[place]), Is.EqualTo((false, (short)0)), "nor is it waited for");
    }

    /// <summary>Who unpins last finishes the revocation that waited for it, on its own thread, while the queue ends.</summary>
    [Test]
    public void AnUnpinning_AndTheEndOfTheQueue()
    {
        const int Rounds = 1000;
        OpenFiles before = OpenFiles.Count();
        using Barrier barrier = new(2);
        BufferQueue queue = null!;
        Task ending = Task.Factory.StartNew(
            () =>
            {
                for (int round = 0; round < Rounds; round++)
                {
                    barrier.SignalAndWait();
                    Thread.SpinWait(round % 500);
                    queue.Dispose();
                    barrier.SignalAndWait();
                }
            },
            TaskCreationOptions.LongRunning);
        List<Exception> thrown = [];
        for (int round = 0; round < Rounds; round++)
        {
            using Shared shared = new();
            queue = shared.Queue;
            queue.Request(1, Shared.Page);
            using RawImporter raw = RawImporter.Join(shared);
            raw.Take(shared, 0, out FileDescriptor file);
            MemoryHandle pin = queue.GetMemory(0).Pin();
            queue.Release(ReleaseMode.Revoke);
            barrier.SignalAndWait();
            try
            {
                pin.Dispose();
            }
            catch (Exception e) when (e is not AssertionException)
            {
                thrown.Add(e);
            }

            barrier.SignalAndWait();
            file.Dispose();
        }

        ending.GetAwaiter().GetResult();
        Assert.That(thrown, Is.Empty);
        before.AssertNothingMore();
    }

    [Test]
    public void AnInterruption_DoesNotLeaveTheEndHalfDone([Values] bool hasImporter)
    {
        OpenFiles before = OpenFiles.Count();
        using (Shared shared = new())
        {
            if (hasImporter)
            {
                shared.Connect();
            }

            shared.Queue.Request(2, Shared.Page);
            Exception? thrown = null;
            bool isKept = false;
            Thread thread = new(() =>
            {
                Thread.CurrentThread.Interrupt();
                try
                {
                    shared.Queue.Dispose();
                }
                catch (ThreadInterruptedException e)
                {
                    thrown = e;
                }

                try
                {
                    Thread.Sleep(1);
                }
                catch (ThreadInterruptedException)
                {
                    isKept = true;
                }
            });
            thread.Start();
            thread.Join();
            Assert.That((thrown, isKept), Is.EqualTo(((Exception?)null, true)));
        }

        before.AssertNothingMore();
    }
}
