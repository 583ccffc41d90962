using MagAlloc.Concurrency;
using MagAlloc.Events;
using MagAlloc.Interleaving.Exploration;
using MagAlloc.Slabs;

namespace MagAlloc.Interleaving.Heap;

/// <summary>
/// One block fits, and is free but for what a pass holds for a moment: it is not refused. One class, one chunk of 64 KiB.
/// </summary>
[TestFixture]
public sealed unsafe class RefusalTests
{
    private const int Whole = 1 << Arena.ChunkShift;
    private const int Eighth = Whole / 8;

    [Test]
    public void A_dirty_chunk_that_a_trim_has_is_not_no_memory() => Explore.Exhaustively(() => Beside(Dirty(), Trim));

    [Test]
    public void A_free_block_that_a_trim_has_is_not_no_memory() => Explore.Exhaustively(() => Beside(KeptSlab(), Trim));

    [Test]
    public void A_magazine_on_its_way_out_of_a_depot_is_not_no_memory() => Explore.Exhaustively(() => Beside(FullDepot(), Trim), preemptions: 1);

    [Test]
    public void What_a_pass_of_the_worker_has_is_not_no_memory()
    {
        Explore.Exhaustively(() => Beside(Dirty(), TickTwice), preemptions: 1);
        Explore.Exhaustively(() => Beside(KeptSlab(), TickTwice), preemptions: 1);
        Explore.Exhaustively(() => Beside(FullDepot(), TickTwice), preemptions: 1);
    }

    [Test]
    public void Bytes_that_a_trim_is_about_to_uncharge_are_not_the_limit()
        => Explore.Exhaustively(() =>
        {
            // Two chunks, and the limit lets one be committed. The dirty one is not the one that is free for a slab.
            BlockCore<SlabSource> core = Make(Whole, chunks: 2, limit: long.MaxValue);
            Soil(core, 2);
            long most = core.Committed.Value + Whole;
            core.Close();
            core = Make(Whole, chunks: 2, limit: most);
            Soil(core, 2);
            return Beside(core, Trim);
        },
        preemptions: 1);

    [Test]
    public void Two_requests_beside_a_trim_get_what_there_is()
        => Explore.Randomly(
            () =>
            {
                BlockCore<SlabSource> core = Make(Whole, chunks: 2, limit: long.MaxValue);
                Soil(core, 2);
                Action request = () => Must.Hold(core.AllocateWithRetry(1) != 0, "there is a block for each");
                return Over(core, Trim, request, request);
            },
            500);

    [Test]
    public void A_trim_stopped_forever_stops_no_request()
    {
        Explore.StoppingOneForever(() => Ending(Dirty()), randomEach: 1);
        Explore.StoppingOneForever(() => Ending(KeptSlab()), randomEach: 1);
        Explore.StoppingOneForever(() => Ending(FullDepot()), randomEach: 1);
    }

    [Test]
    public void A_true_refusal_looks_once()
    {
        BlockCore<SlabSource> core = Make(Whole, chunks: 1, limit: long.MaxValue);
        Must.Hold(core.AllocateWithRetry(1) != 0);
        var counter = new Slabs.StepCounter();
        AtomicSeam.t_scheduler = counter;
        nuint block = core.AllocateWithRetry(1);
        AtomicSeam.t_scheduler = null;
        Must.Be((long)block, 0);
        Must.Hold(counter.Steps < 300, $"{counter.Steps} steps");
        core.Close();
    }

    /// <summary>The attempt takes a chunk, finds no bytes for it, and puts it back: that is its own, and no reason to look again or to wait.</summary>
    [Test]
    public void A_refusal_is_true_although_the_attempt_had_something_in_its_hand()
    {
        BlockCore<SlabSource> model = Make(Whole, chunks: 2, limit: long.MaxValue);
        Must.Hold(model.AllocateWithRetry(1) != 0);
        long enoughForOne = model.Committed.Value;
        model.Close();

        BlockCore<SlabSource> core = Make(Whole, chunks: 2, limit: enoughForOne);
        Must.Hold(core.AllocateWithRetry(1) != 0);
        long ended = core.Committed.Transit.EndedElsewhere;
        var counter = new Slabs.StepCounter();
        AtomicSeam.t_scheduler = counter;
        nuint block = core.AllocateWithRetry(1);
        AtomicSeam.t_scheduler = null;
        TestContext.Out.WriteLine($"{counter.Steps} steps");
        Must.Be((long)block, 0);
        Must.Hold(!core.Committed.Transit.HasMovedSince(ended), "what the attempt took itself is nobody else's");
        core.Close();
    }

    private static void Trim(BlockCore<SlabSource> core) => core.Trim();

    private static void TickTwice(BlockCore<SlabSource> core)
    {
        // What lay untouched for a few passes goes.
        core.Arena.Pass += 10;
        core.Tick();
        core.Tick();
    }

    private static BlockCore<SlabSource> Make(int blockBytes, int chunks, long limit)
        => new(
            OwnerKind.Heap,
            new NativeHeapOptions { ReservedBytes = (long)chunks << Arena.ChunkShift, Reclaim = ReclaimOptions.Manual, ByteLimit = limit },
            (long)chunks << Arena.ChunkShift,
            [new SlabClass(blockBytes, 1)],
            withMarks: false,
            initializer: null,
            slabs => new SlabSource(slabs));

    /// <summary>All chunks are free and committed.</summary>
    private static void Soil(BlockCore<SlabSource> core, int chunks)
    {
        Must.Hold(core.Arena.TryTakeChunks(chunks, 1, out int first));
        Must.Hold(core.Arena.TryCommitRun((nuint)core.Arena.AddressOf(first), (nuint)chunks << Arena.ChunkShift, zeroDirty: false));
        core.Arena.FreeChunks(first, chunks);
    }

    private static BlockCore<SlabSource> Dirty()
    {
        BlockCore<SlabSource> core = Make(Whole, chunks: 1, limit: long.MaxValue);
        Soil(core, 1);
        return core;
    }

    /// <summary>The only chunk is a slab whose only block is free.</summary>
    private static BlockCore<SlabSource> KeptSlab()
    {
        BlockCore<SlabSource> core = Make(Whole, chunks: 1, limit: long.MaxValue);
        nuint block = core.AllocateWithRetry(1);
        core.Engine.ReleaseOne(1, block);
        return core;
    }

    /// <summary>The only chunk is a slab whose free blocks lie in the depot.</summary>
    private static BlockCore<SlabSource> FullDepot()
    {
        BlockCore<SlabSource> core = Make(Eighth, chunks: 1, limit: long.MaxValue);
        nuint[] blocks = new nuint[8];
        for (int i = 0; i < blocks.Length; i++)
        {
            blocks[i] = core.AllocateWithRetry(1);
        }

        MagAlloc.Magazines.ThreadCache* cache = core.Protect();
        foreach (nuint block in blocks.AsSpan(0, 6))
        {
            core.FreeBlock(cache, 1, block);
        }

        core.Unprotect(cache);
        core.Engine.FlushCurrent(keepFullInDepot: true);
        Must.Be(core.Engine.DepotCount(1), 1, "full magazines in the depot");
        return core;
    }

    private static Scenario Beside(BlockCore<SlabSource> core, Action<BlockCore<SlabSource>> pass)
        => Over(core, pass, () => Must.Hold(core.AllocateWithRetry(1) != 0, "a block was free all the time, but for what a pass had for a moment"));

    private static Scenario Ending(BlockCore<SlabSource> core) => Over(core, Trim, () => core.AllocateWithRetry(1));

    private static Scenario Over(BlockCore<SlabSource> core, Action<BlockCore<SlabSource>> pass, params Action[] requests)
        => new()
        {
            Threads = [() => pass(core), .. requests],

            // Every thread gets its cache outside the schedule.
            Prepare = _ => core.Unprotect(core.Protect()),
            Cleanup = () => core.Close(),
        };
}
