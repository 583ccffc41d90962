using MagAlloc.Interleaving.Exploration;
using MagAlloc.Iova.Ranges;
using MagAlloc.Ranges;

namespace MagAlloc.Interleaving.Iova;

/// <summary>A reservation is claimed, recorded, and freed again, beside somebody who frees what is not, or no longer, his.</summary>
[TestFixture]
public sealed class ReservationTests
{
    private const int Units = 512;

    // Inside a word, to its end, across words, and whole leaves.
    private static readonly TestCaseData[] s_pieces =
    [
        new(4, 7, 4), new(4, 10, 8), new(24, 31, 24), new(20, 70, 20), new(20, 70, 64), new(64, 127, 64), new(60, 300, 60), new(60, 300, 130),
    ];

    [TestCaseSource(nameof(s_pieces))]
    public void A_free_by_a_pfn_never_takes_a_reserved_piece(int first, int last, int wrong)
        => Explore.Exhaustively(
            () =>
            {
                var tree = new RangeTree(Units, null, leafShift: 6, fanShift: 1, topEntries: 1);
                var reserved = new ReservedRanges();
                var piece = new IovaRange((ulong)first, (ulong)last);
                bool claimed = false, freed = false;
                return new Scenario
                {
                    Threads =
                    [
                        () =>
                        {
                            claimed = tree.TryClaimHeld(piece.First, piece.Last);
                            reserved.Add([piece]);
                        },
                        () => freed = tree.TryFree((ulong)wrong, out _, out _),
                    ],
                    Check = () =>
                    {
                        Must.Hold(claimed && !freed, "a wrong free took the piece");
                        Must.Be(tree.UsedUnits, (long)piece.Count);
                        Must.Hold(tree.FindDefect() is null, tree.FindDefect() ?? "");
                        Must.Hold(reserved.TryRemove(piece) && !reserved.TryRemove(piece), "it is not recorded once");
                        tree.FreeHeld(piece.First, piece.Last);
                        Must.Be(tree.UsedUnits, 0L);
                        Must.Hold(tree.FindDefect() is null, tree.FindDefect() ?? "");
                    },
                    Cleanup = tree.Release,
                };
            },
            preemptions: 3);

    /// <summary>A second free of an allocation, which comes late: a reservation lies in its place meanwhile.</summary>
    [TestCase(4, 7)]
    [TestCase(20, 70)]
    [TestCase(64, 127)]
    public void A_stale_free_never_takes_the_piece_that_lies_there_now(int first, int last)
        => Explore.Exhaustively(
            () =>
            {
                var tree = new RangeTree(Units, null, leafShift: 6, fanShift: 1, topEntries: 1);
                Must.Hold(tree.TryClaim((ulong)first, (ulong)last), "the premise");
                bool claimed = false, owner = false, stale = false;
                return new Scenario
                {
                    Threads =
                    [
                        () =>
                        {
                            owner = tree.TryFree((ulong)first, out _, out _);
                            claimed = tree.TryClaimHeld((ulong)first, (ulong)last);
                        },
                        () => stale = tree.TryFree((ulong)last, out _, out _),
                    ],
                    Check = () =>
                    {
                        Must.Hold(owner != stale, "not one of them freed it");
                        Must.Be(tree.UsedUnits, claimed ? last - first + 1L : 0L);
                        Must.Hold(tree.FindDefect() is null, tree.FindDefect() ?? "");
                    },
                    Cleanup = tree.Release,
                };
            },
            preemptions: 3);

    /// <summary>Two remove one piece while a third reserves another: one removal wins, and none is forgotten by the new array.</summary>
    [Test]
    public void Removals_beside_an_addition_are_neither_lost_nor_doubled()
        => Explore.Exhaustively(
            () =>
            {
                var reserved = new ReservedRanges();
                IovaRange old = new(10, 19), added = new(30, 39);
                reserved.Add([old]);
                bool one = false, two = false;
                return new Scenario
                {
                    Threads =
                    [
                        () => one = reserved.TryRemove(old),
                        () => two = reserved.TryRemove(old),
                        () => reserved.Add([added]),
                    ],
                    Check = () =>
                    {
                        Must.Hold(one != two, "not one of them removed it");
                        Must.Be(reserved.Count, 1);
                        Must.Be((long)reserved.Units, 10);
                        Must.Hold(reserved.TryFind(30, out _) && !reserved.TryFind(10, out _), "what was removed came back");
                    },
                };
            });
}
