using MagAlloc.Concurrency;
using MagAlloc.Slabs;

namespace MagAlloc.Tests.Slabs;

[TestFixture]
public sealed unsafe class ArenaTests
{
    private const int ChunkBytes = 1 << Arena.ChunkShift;

    private readonly BoundedCounter _committed = new(long.MaxValue);

    // The second is the metadata's: the arena itself is reserved already and has to go back.
    [TestCase(FaultPoint.Reserve)]
    [TestCase(FaultPoint.Metadata)]
    public void An_arena_that_cannot_be_built_leaves_nothing(FaultPoint point)
    {
        FaultPlan plan = FaultPlan.FailNth(1).At(point);

        Assert.That(() => new Arena(64 * ChunkBytes, _committed, withMarks: true, plan), Throws.TypeOf<OutOfMemoryException>());
        Assert.That(_committed.Value, Is.Zero);
    }

    [Test]
    public void Release_may_be_repeated()
    {
        var arena = new Arena(64 * ChunkBytes, _committed, withMarks: false, faults: null);
        arena.Release();
        arena.Release();
    }

    [Test]
    public void Committing_charges_every_page_once_and_decommitting_gives_it_back()
    {
        var arena = new Arena(64 * ChunkBytes, _committed, withMarks: false, faults: null);
        Assert.That(arena.TryTakeChunks(2, 1, out int first));
        long before = _committed.Value;
        nuint start = (nuint)arena.AddressOf(first);

        Assert.That(arena.TryCommit(start + ChunkBytes - 1, 2), "across two chunks");
        Assert.That(arena.TryCommit(start + ChunkBytes - 1, 2), "again");
        Assert.That(_committed.Value - before, Is.EqualTo(2 * arena.PageBytes));
        *(byte*)(start + ChunkBytes) = 1;

        arena.DecommitChunks(first, 2);
        Assert.That(_committed.Value, Is.EqualTo(before));
        Assert.That(*(byte*)(start + ChunkBytes), Is.Zero);
        arena.FreeChunks(first, 2);
        arena.Release();
    }

    [Test]
    public void A_page_mask_covers_the_pages_that_the_bytes_touch()
    {
        var arena = new Arena(64 * ChunkBytes, _committed, withMarks: false, faults: null);
        uint page = (uint)arena.PageBytes;

        Assert.That(arena.PageMask(0, 1), Is.EqualTo(1));
        Assert.That(arena.PageMask(page - 1, page + 1), Is.EqualTo(3));
        Assert.That(arena.PageMask(0, ChunkBytes), Is.EqualTo((uint)((1UL << (int)(ChunkBytes / page)) - 1)));
        Assert.That(arena.WholePageMask(1, page * 2), Is.EqualTo(2));
        Assert.That(arena.WholePageMask(1, page), Is.Zero);
        Assert.That(arena.WholePageMask(0, ChunkBytes), Is.EqualTo(arena.PageMask(0, ChunkBytes)));
        arena.Release();
    }
}
