using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Heap;

[TestFixture]
public sealed unsafe class DisposedHeapTests
{
    public delegate void Use(NativeHeap heap, nint block);

    private static TestCaseData[] Members() =>
    [
        Case("Allocate", (h, b) => h.Allocate(64)),
        Case("Allocate large", (h, b) => h.Allocate(2 << 20)),
        Case("Allocate 0", (h, b) => h.Allocate(0)),
        Case("Allocate count", (h, b) => h.Allocate(4, 16)),
        Case("AllocateZeroed", (h, b) => h.AllocateZeroed(64)),
        Case("AllocateZeroed count", (h, b) => h.AllocateZeroed(4, 16)),
        Case("AllocateAligned", (h, b) => h.AllocateAligned(64, 256)),
        Case("Reallocate null", (h, b) => h.Reallocate(null, 64)),
        Case("Reallocate", (h, b) => h.Reallocate((void*)b, 64)),
        Case("ReallocateAligned", (h, b) => h.ReallocateAligned((void*)b, 64, 64)),
        Case("TryAllocate", (h, b) => h.TryAllocate(64, out _)),
        Case("TryAllocate large", (h, b) => h.TryAllocate(2 << 20, out _)),
        Case("Free", (h, b) => h.Free((void*)b)),
        Case("Free sized", (h, b) => h.FreeSized((void*)b, 64)),
        Case("UsableSize", (h, b) => h.UsableSize((void*)b)),
        Case("Owns", (h, b) => h.Owns((void*)b)),
        Case("OpenThread", (h, b) => h.OpenThread().Dispose()),
        Case("Trim", (h, b) => h.Trim()),
        Case("Tick", (h, b) => h.Tick()),
        Case("GetStatistics", (h, b) => h.GetStatistics()),
    ];

    private static TestCaseData Case(string name, Use use) => new TestCaseData(use).SetArgDisplayNames(name);

    [TestCaseSource(nameof(Members))]
    public void Member_AfterDispose_ThrowsObjectDisposed(Use use)
    {
        foreach (CheckLevel checks in Heaps.AllLevels)
        {
            NativeHeap heap = Heaps.Quiet(checks);
            nint block = (nint)heap.Allocate(64);
            heap.Free(heap.Allocate(64));
            heap.Dispose();

            Assert.That(() => use(heap, block), Throws.TypeOf<ObjectDisposedException>(), $"{checks}, thread with a cache");
            Exception? elsewhere = null;
            Crew.RunOne(() =>
            {
                try
                {
                    use(heap, block);
                }
                catch (Exception e)
                {
                    elsewhere = e;
                }
            });
            Assert.That(elsewhere, Is.TypeOf<ObjectDisposedException>(), $"{checks}, thread without a cache");
        }
    }

    [Test]
    public void Handle_HeldAcrossDispose_ThrowsObjectDisposed()
    {
        foreach (CheckLevel checks in Heaps.AllLevels)
        {
            NativeHeap heap = Heaps.Quiet(checks);
            HeapThread handle = heap.OpenThread();
            void* block = handle.Allocate(64);
            heap.Dispose();

            int refused = 0;
            try
            {
                handle.Allocate(64);
            }
            catch (ObjectDisposedException)
            {
                refused++;
            }

            try
            {
                handle.AllocateZeroed(64);
            }
            catch (ObjectDisposedException)
            {
                refused++;
            }

            try
            {
                handle.TryAllocate(64, out _);
            }
            catch (ObjectDisposedException)
            {
                refused++;
            }

            try
            {
                handle.Free(block);
            }
            catch (ObjectDisposedException)
            {
                refused++;
            }

            try
            {
                handle.FreeSized(block, 64);
            }
            catch (ObjectDisposedException)
            {
                refused++;
            }

            handle.Dispose();
            Assert.That(refused, Is.EqualTo(5), $"{checks}");
        }
    }

    [Test]
    public void Dispose_Twice_IsHarmless()
    {
        NativeHeap heap = Heaps.WithWorker();
        heap.Allocate(64);
        heap.Dispose();
        Assert.That(heap.Dispose, Throws.Nothing);
    }

    [Test]
    public void Dispose_FromManyThreadsAtOnce_IsHarmless()
    {
        for (int i = 0; i < 50; i++)
        {
            NativeHeap heap = Heaps.WithWorker();
            heap.Allocate(64);
            Crew.Run(4, _ => heap.Dispose());
            Assert.That(() => { heap.Allocate(1); }, Throws.TypeOf<ObjectDisposedException>());
        }
    }

    [Test]
    public void Dispose_WithLiveBlocksOnManyThreads_ReturnsTheAddressSpace()
    {
        long before = ProcessState.VirtualBytes;
        for (int i = 0; i < 20; i++)
        {
            NativeHeap heap = Heaps.WithWorker();
            Crew.Run(2, _ =>
            {
                for (nuint size = 1; size < 200_000; size += 1 + (size / 4))
                {
                    heap.Allocate(size);
                }
            });
            heap.Dispose();
        }

        Assert.That(ProcessState.VirtualBytes - before, Is.LessThan(4 * Heaps.GiB), "each heap reserves 8 GiB");
    }

    [Test]
    public void ADisposedHeapsBlock_IsForeignToTheNextHeap()
    {
        NativeHeap first = Heaps.Quiet();
        nint block = (nint)first.Allocate(64);
        first.Dispose();
        using NativeHeap second = Heaps.Quiet();

        // The second heap may well get the first one's addresses; it must still not have handed this block out.
        Assert.That(second.GetStatistics().LiveBlocks(), Is.Zero);
        Assert.That(() => { second.Free((void*)block); }, Throws.TypeOf<HeapMisuseException>());
        Assert.That(second.GetStatistics().LiveBlocks(), Is.Zero);
    }
}
