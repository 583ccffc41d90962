using System.Diagnostics.Tracing;
using MagAlloc.Events;
using MagAlloc.Magazines;
using MagAlloc.Slabs;
using MagAlloc.Tests.Ends.Support;
using MagAlloc.Tests.Events.Support;
using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Ends;

/// <summary>Ends that others' steps run into: what a thread goes on with must be what a later disposal looks at.</summary>
[TestFixture]
public sealed unsafe class LastUseTests
{
    private const int Rounds = 12;
    private const int Handles = 14;

    /// <summary>The thread used one heap, and its first operation on another one meets that one's disposal: it goes on with the first.</summary>
    [Test]
    public void AnAttachThatMeetsADisposal_LeavesNoFastPathThatADisposalDoesNotSee()
    {
        using NativeHeap first = Heaps.Quiet();
        NativeHeap second = Heaps.Quiet();
        using Servant servant = new();
        using EventRecorder session = EventRecorder.Start(MagAllocEventSource.Keywords.Commit, EventLevel.Informational);
        Thread? disposing = null;
        session.Told = told =>
        {
            if (disposing is null && Thread.CurrentThread == servant.Thread && told.Owner == second.Core.Id)
            {
                // In the middle of the attach, as a guest: the disposal has begun, and waits.
                disposing = new Thread(second.Dispose);
                disposing.Start();
                SpinWait.SpinUntil(() => second.Core.Engine.IsClosed);
            }
        };

        servant.Do(() =>
        {
            first.Free(first.Allocate(64));
            Assert.Throws<ObjectDisposedException>(() => second.Allocate(64));
            Assert.That(disposing, Is.Not.Null, "the premise");
            ThreadCache* last = CacheSlot<SlabSource>.t_last;
            Assert.That(last == null || LastUseSlot<SlabSource>.Current.Is(last), Is.True);
            first.Free(first.Allocate(64));
        });
        disposing!.Join();
    }

    /// <summary>A free that has read the page map before the end may push its block behind it: nobody gets that block any more.</summary>
    [TestCase(64)]
    [TestCase(300_000)]
    public void AHandleWhoseHeapEndsMeanwhile_GetsNothingOnceItHasEnded(int size)
    {
        long given = 0;
        for (int round = 0; round < Rounds; round++)
        {
            NativeHeap heap = Heaps.Quiet();
            bool hasEnded = false;
            using CountdownEvent ready = new(Handles);
            Thread[] threads = [.. Enumerable.Range(0, Handles).Select(_ => new Thread(() =>
            {
                using HeapThread handle = heap.OpenThread();
                ready.Signal();
                try
                {
                    while (true)
                    {
                        bool late = Volatile.Read(ref hasEnded);
                        void* block = handle.Allocate((nuint)size);
                        if (late)
                        {
                            Interlocked.Increment(ref given);
                            return;
                        }

                        handle.Free(block);
                    }
                }
                catch (ObjectDisposedException)
                {
                    // As it should be.
                }
            }))];
            foreach (Thread thread in threads)
            {
                thread.Start();
            }

            ready.Wait();
            Thread.Sleep(10);
            heap.Dispose();
            Volatile.Write(ref hasEnded, true);
            foreach (Thread thread in threads)
            {
                thread.Join();
            }
        }

        Assert.That(given, Is.Zero);
    }
}
