using MagAlloc.Interleaving.Exploration;
using MagAlloc.Iova.Ranges;
using MagAlloc.Ranges;

namespace MagAlloc.Interleaving.Iova;

/// <summary>A refill of magazines under <see cref="CheckLevel.Basic"/>, beside somebody who frees what is no longer his.</summary>
[TestFixture]
public sealed unsafe class IovaSourceTests
{
    // The source's last pfn lies above the tree's: a batch is a share of the source's space, and this one shall be of several ranges.
    private const ulong Wide = (1UL << 20) - 1;

    private const int Units = 128;
    private const int Order = 2;
    private const int Count = 10;

    [TestCase(124)]
    [TestCase(100)]
    [TestCase(92)]
    public void A_stale_free_never_takes_a_range_that_is_being_cached(int stale)
        => Explore.Exhaustively(
            () =>
            {
                var tree = new RangeTree(Units, null, leafShift: 6, fanShift: 1, topEntries: 1);
                var log = new IovaMisuseLog("source");
                var source = new IovaSource(tree, 0, 0, Wide, log, marks: true, faults: null);
                var cached = new List<nuint>();
                bool freed = false;
                return new Scenario
                {
                    Threads =
                    [
                        () =>
                        {
                            nuint* into = stackalloc nuint[Count];
                            int got = source.Acquire(IovaSource.UpperCode(Order), into, Count);
                            for (int i = 0; i < got; i++)
                            {
                                cached.Add(into[i]);
                            }
                        },
                        () => freed = tree.TryFree((ulong)stale, out _, out _),
                    ],
                    Check = () =>
                    {
                        Must.Hold(!freed, "the free of a range that was nobody's, or a magazine's, was accepted");
                        Must.Be(cached.Count, Count);
                        Must.Hold(cached.TrueForAll(range => tree.IsMarked(IovaSource.Decode(range))), "a cached range is not marked");
                        nuint* home = stackalloc nuint[Count];
                        cached.CopyTo(new Span<nuint>(home, Count));
                        source.Release(IovaSource.UpperCode(Order), home, Count);
                        Must.Be(tree.UsedUnits, 0L);
                        Must.Be(log.Count, 0L);
                    },
                    Cleanup = tree.Release,
                };
            },
            preemptions: 3);
}
