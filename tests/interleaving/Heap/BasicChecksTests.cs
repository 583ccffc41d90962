using MagAlloc.Interleaving.Exploration;

namespace MagAlloc.Interleaving.Heap;

[TestFixture]
public sealed unsafe class BasicChecksTests
{
    [Test]
    public void Of_two_frees_of_one_block_exactly_one_is_refused()
        => Explore.Exhaustively(() =>
        {
            NativeHeap heap = Heap();
            nuint block = (nuint)heap.Allocate(64);
            int refused = 0;
            Action free = () =>
            {
                try
                {
                    heap.Free((void*)block);
                }
                catch (HeapMisuseException misuse) when (misuse.Kind == MisuseKind.DoubleFree)
                {
                    refused++;
                }
            };
            return Over(heap, () => Must.Be(refused, 1), free, free);
        });

    [Test]
    public void A_block_freed_and_handed_out_again_is_one_block()
        => Explore.Exhaustively(
            () =>
            {
                NativeHeap heap = Heap();
                nuint block = (nuint)heap.Allocate(32_768);
                HashSet<nuint> got = [];
                Action allocate = () => Must.Hold(got.Add((nuint)heap.Allocate(32_768)));
                return Over(heap, () => Must.Be(heap.GetStatistics().AllocatedBlocks, 2), () => heap.Free((void*)block), allocate, allocate);
            },
            preemptions: 1);

    private static NativeHeap Heap()
        => new(new NativeHeapOptions { ReservedBytes = 4 << 20, Reclaim = ReclaimOptions.Manual, Checks = CheckLevel.Basic });

    private static Scenario Over(NativeHeap heap, Action check, params Action[] threads)
        => new()
        {
            Threads = threads,

            // Every thread gets its cache, and gives up that of the last schedule, outside the schedule.
            Prepare = _ => heap.Free(heap.Allocate(16)),
            Check = check,
            Cleanup = heap.Dispose,
        };
}
