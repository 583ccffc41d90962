using MagAlloc.Concurrency;
using MagAlloc.Interleaving.Exploration;
using MagAlloc.Slabs;

namespace MagAlloc.Interleaving.Slabs;

[TestFixture]
public sealed class RunSpaceTests
{
    private const int ChunkBytes = 1 << Arena.ChunkShift;

    [Test]
    public void Of_two_frees_of_one_run_exactly_one_wins()
        => Explore.Exhaustively(() => Over((runs, arena) =>
        {
            int chunk = arena.ChunkOf(runs.Allocate(ChunkBytes * 2, 1, zeroed: false));
            int freed = 0;
            Action free = () =>
            {
                bool mine = runs.TryFree(chunk);
                freed += mine ? 1 : 0;
            };
            return ([free, free], () => Must.Be(freed, 1));
        }));

    [Test]
    public void A_run_freed_by_one_thread_and_taken_by_another_is_in_the_books_once()
        => Explore.Exhaustively(() => Over((runs, arena) =>
        {
            int chunk = arena.ChunkOf(runs.Allocate(ChunkBytes + 1, 1, zeroed: false));
            nuint taken = 0;
            return (
                [() => Must.Hold(runs.TryFree(chunk)), () => taken = runs.Allocate(ChunkBytes + 1, 1, zeroed: true)],
                () =>
                {
                    Must.Hold(taken != 0);
                    Must.Be(runs.Blocks, 1);
                    Must.Be((long)runs.SizeOf(arena.ChunkOf(taken)), ChunkBytes + 1);
                }
            );
        }));

    [Test]
    public void What_lies_in_the_cache_of_runs_is_taken_once()
    {
        Explore.Exhaustively(() => Make(2), preemptions: 1);
        Explore.Randomly(() => Make(4), 3_000);

        static Scenario Make(int threads) => Over((runs, arena) =>
        {
            nuint[] former = [runs.Allocate(2 * ChunkBytes, 1, zeroed: false), runs.Allocate(3 * ChunkBytes, 1, zeroed: false)];
            Must.Hold(runs.TryFree(arena.ChunkOf(former[0])));
            nuint[] got = new nuint[2];
            Action[] all =
            [
                () => got[0] = runs.Allocate(2 * ChunkBytes, 1, zeroed: false),
                () => got[1] = runs.Allocate(2 * ChunkBytes, 1, zeroed: false),
                () => Must.Hold(runs.TryFree(arena.ChunkOf(former[1]))),
                () => arena.PurgeDirty(arena.Pass + 1),
            ];
            return (
                all[..threads],
                () =>
                {
                    Must.Hold(got[0] != 0 && got[1] != 0);
                    if (threads == 2)
                    {
                        Must.Hold(runs.TryFree(arena.ChunkOf(former[1])));
                    }

                    Must.Hold(got[0] + (2 * ChunkBytes) <= got[1] || got[1] + (2 * ChunkBytes) <= got[0], "no chunk is in both");
                    Must.Be(runs.Blocks, 2);
                    Must.Be(runs.Bytes, 4 * ChunkBytes);
                    arena.PurgeDirty(arena.Pass + 1);
                    Must.Be(arena.DirtyBytes, 0);
                    Must.Be(arena.Committed.Value - arena.MetadataBytes, 4 * ChunkBytes);
                }
            );
        });
    }

    /// <summary>1 GiB or 2 MiB: the same steps, and the page map of what lies between the ends is not touched.</summary>
    [TestCase((2 << 20) + 8, (2 << 20) + 16)]
    [TestCase((2 << 20) + 8, (2 << 20) + 9000)]
    [TestCase((2 << 20) + 8, (2 << 20) + 200_000)]
    [TestCase((2 << 20) + 16, (2 << 20) + 8)]
    [TestCase((2 << 20) + 60_000, (2 << 20) + 8)]
    [TestCase((2 << 20) + 200_000, (2 << 20) + 8)]
    public void Growing_and_shrinking_cost_what_the_difference_does(int from, int to)
    {
        int small = StepsOfResize((nuint)from, (nuint)to);
        int large = StepsOfResize((nuint)from + (1 << 30), (nuint)to + (1 << 30));
        Must.Be(large, small, "atomic steps");
        Must.Hold(from / 4096 != to / 4096 || small == 0, "inside a page there is nothing to do");
    }

    private static unsafe int StepsOfResize(nuint from, nuint to)
    {
        const byte Sentinel = 0xEE;
        var arena = new Arena((nuint)(1 << 30) + (16 << 20), new BoundedCounter(long.MaxValue), withMarks: false, faults: null);
        var runs = new RunSpace(arena);
        int chunk = arena.ChunkOf(runs.Allocate(from, 1, zeroed: false));

        // The metadata of what a run may grow into, so that opening its group is not among the steps.
        Must.Hold(arena.TryTakeChunks(8, 1, out int behind));
        arena.FreeChunks(behind, 8);
        int last = (int)(Math.Min(from, to) >> Arena.ChunkShift);
        for (int i = 1; i < last; i++)
        {
            arena.PageMap[chunk + i] = Sentinel;
        }

        var counter = new StepCounter();
        AtomicSeam.t_scheduler = counter;
        bool resized = runs.TryResize(chunk, to);
        AtomicSeam.t_scheduler = null;
        Must.Hold(resized && runs.SizeOf(chunk) == to);
        Must.Be(runs.Bytes, (long)((to + 4095) & ~(nuint)4095), "bytes in the books");
        for (int i = 1; i < last; i++)
        {
            Must.Be(arena.PageMap[chunk + i], Sentinel, $"page map of chunk {i}");
            arena.PageMap[chunk + i] = PageMap.RunTail;
        }

        int chunks = (int)((to + ChunkBytes - 1) >> Arena.ChunkShift);
        Must.Be(arena.PageMap[chunk], PageMap.RunHead);
        Must.Be(arena.PageMap[chunk + chunks - 1], PageMap.RunTail);
        Must.Hold(arena.PageMap[chunk + chunks] != PageMap.RunTail);
        Must.Hold(runs.TryFree(chunk));
        arena.Release();
        return counter.Steps;
    }

    private static Scenario Over(Func<RunSpace, Arena, (Action[] Threads, Action Check)> make)
    {
        var committed = new BoundedCounter(long.MaxValue);
        var arena = new Arena(64 * ChunkBytes, committed, withMarks: false, faults: null);
        (Action[] threads, Action check) = make(new RunSpace(arena), arena);
        return new Scenario { Threads = threads, Check = check, Cleanup = arena.Release };
    }
}
