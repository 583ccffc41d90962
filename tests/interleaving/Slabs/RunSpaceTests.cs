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

    private static Scenario Over(Func<RunSpace, Arena, (Action[] Threads, Action Check)> make)
    {
        var committed = new BoundedCounter(long.MaxValue);
        var arena = new Arena(64 * ChunkBytes, committed, withMarks: false, faults: null);
        (Action[] threads, Action check) = make(new RunSpace(arena), arena);
        return new Scenario { Threads = threads, Check = check, Cleanup = arena.Release };
    }
}
