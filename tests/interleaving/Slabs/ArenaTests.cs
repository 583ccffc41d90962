using MagAlloc.Concurrency;
using MagAlloc.Interleaving.Exploration;
using MagAlloc.Slabs;

namespace MagAlloc.Interleaving.Slabs;

[TestFixture]
public sealed class ArenaTests
{
    private const int Chunks = 64;
    private const int ChunkBytes = 1 << Arena.ChunkShift;

    [Test]
    public void A_chunk_that_a_purge_only_passes_through_is_not_refused_once_the_purge_is_over()
        => Explore.Exhaustively(() =>
        {
            Arena arena = FullButOneDirty(out int dirty);
            bool purged = false;
            return new Scenario
            {
                Threads =
                [
                    () =>
                    {
                        arena.PurgeDirty(arena.Pass + 1);
                        purged = true;
                    },
                    () => Must.Hold((arena.TryTakeChunks(1, 1, out int chunk) && chunk == dirty) || !purged),
                ],
                Cleanup = arena.Release,
            };
        });

    [Test]
    public void A_dirty_chunk_is_uncharged_once_whoever_purges_it()
        => Explore.Exhaustively(() =>
        {
            Arena arena = FullButOneDirty(out _);
            Action purge = () => arena.PurgeDirty(arena.Pass + 1);
            return new Scenario
            {
                Threads = [purge, purge],
                Check = () =>
                {
                    Must.Be(arena.DirtyBytes, 0);
                    Must.Be(arena.Committed.Value, arena.MetadataBytes);
                },
                Cleanup = arena.Release,
            };
        });

    [Test]
    public void Two_threads_that_open_one_group_charge_its_metadata_once()
        => Explore.Exhaustively(() =>
        {
            var arena = new Arena(Chunks * ChunkBytes, new BoundedCounter(long.MaxValue), withMarks: true, faults: null);
            Action take = () => Must.Hold(arena.TryTakeChunks(1, 1, out _));
            return new Scenario
            {
                Threads = [take, take],
                Check = () => Must.Be(arena.Committed.Value, arena.MetadataBytes),
                Cleanup = arena.Release,
            };
        });

    private static Arena FullButOneDirty(out int dirty)
    {
        var arena = new Arena(Chunks * ChunkBytes, new BoundedCounter(long.MaxValue), withMarks: false, faults: null);
        dirty = Chunks / 2;
        unsafe
        {
            Must.Hold(arena.TryTakeChunks(Chunks, 1, out _));
            Must.Hold(arena.TryCommit((nuint)arena.AddressOf(dirty), ChunkBytes));
        }

        arena.FreeChunks(dirty, 1);
        return arena;
    }
}
