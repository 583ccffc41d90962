using MagAlloc.Iova.Ranges;

namespace MagAlloc.Tests.Ranges;

/// <summary>The bit tricks against the same in plain loops, on random words.</summary>
[TestFixture]
public sealed class RangeCellsTests
{
    [Test]
    public void Bit_arithmetic_is_what_plain_loops_say()
    {
        int seed = Environment.TickCount;
        TestContext.Out.WriteLine($"seed {seed}");
        var random = new Random(seed);
        for (int i = 0; i < 20_000; i++)
        {
            ulong word = RandomWord(random);
            Check(word);
        }

        Check(0);
        Check(ulong.MaxValue);
        Check(0x5555_5555_5555_5555);
        Check(0x5555_5555_5555_5557);
        Check(0x5555_5555_5555_5556);
    }

    [Test]
    public void The_highest_bits_of_a_set()
    {
        Assert.That(RangeCells.Highest(0b1011_0100, 2), Is.EqualTo(0b1010_0000));
        Assert.That(RangeCells.Highest(0b1011_0100, 4), Is.EqualTo(0b1011_0100));
        Assert.That(RangeCells.Highest(ulong.MaxValue, 1), Is.EqualTo(1UL << 63));
    }

    [Test]
    public void Patterns_hold_their_cells_and_no_others()
    {
        for (int cell = 0; cell < 32; cell++)
        {
            for (int count = 1; cell + count <= 32; count++)
            {
                foreach (ulong code in (ulong[])[1, 2, 3])
                {
                    ulong word = RangeCells.Pattern(cell, count, code);
                    for (int i = 0; i < 32; i++)
                    {
                        ulong expected = i < cell || i >= cell + count ? 0 : i == cell ? code : 1UL;
                        Assert.That(RangeCells.CodeAt(word, i), Is.EqualTo(expected));
                        Assert.That((RangeCells.Mask(cell, count) >> (2 * i)) & 3, Is.EqualTo(expected == 0 ? 0UL : 3));
                    }
                }
            }
        }
    }

    private static void Check(ulong word)
    {
        int largest = -1;
        for (int order = 0; order <= 5; order++)
        {
            int size = 1 << order;
            ulong blocks = 0;
            ulong unmarked = 0;
            ulong ranges = 0;
            for (int cell = 0; cell < 32; cell += size)
            {
                if (Enumerable.Range(cell, size).All(i => RangeCells.CodeAt(word, i) == 0))
                {
                    blocks |= 1UL << (2 * cell);
                    largest = order;
                }

                bool whole = Enumerable.Range(cell + 1, size - 1).All(i => RangeCells.CodeAt(word, i) == 1)
                    && (cell + size == 32 || RangeCells.CodeAt(word, cell + size) != 1);
                ulong code = RangeCells.CodeAt(word, cell);
                ranges |= whole && code >= 2 ? 1UL << (2 * cell) : 0;
                unmarked |= whole && code == 3 ? 1UL << (2 * cell) : 0;
            }

            Assert.That(RangeCells.FreeBlocks(word, order), Is.EqualTo(blocks), $"{word:x}, order {order}");
            Assert.That(RangeCells.RangesOf(word, order, heldToo: true), Is.EqualTo(ranges), $"{word:x}, order {order}");
            Assert.That(RangeCells.RangesOf(word, order, heldToo: false), Is.EqualTo(unmarked), $"{word:x}, order {order}");
            ulong written = 0;
            ulong bits = 0;
            for (int cell = 0; cell < 32; cell += size)
            {
                bool free = (blocks >> (2 * cell) & 1) != 0;
                written |= free ? RangeCells.Pattern(cell, size, 3) : 0;
                bits |= free ? RangeCells.Mask(cell, size) : 0;
            }

            Assert.That(RangeCells.Blocks(blocks, order), Is.EqualTo(written));
            Assert.That(RangeCells.BlockBits(blocks, order), Is.EqualTo(bits));
        }

        Assert.That(RangeCells.LargestFree(word), Is.EqualTo(largest), $"{word:x}");
        for (int cell = 0; cell < 32; cell++)
        {
            int ahead = Enumerable.Range(cell + 1, 31 - cell).TakeWhile(i => RangeCells.CodeAt(word, i) == 1).Count();
            int back = Enumerable.Range(0, cell + 1).TakeWhile(i => RangeCells.CodeAt(word, cell - i) == 1).Count();
            Assert.That(RangeCells.LengthFrom(word, cell), Is.EqualTo(1 + ahead), $"{word:x}, cell {cell}");
            Assert.That(RangeCells.ContinuingDown(word, cell), Is.EqualTo(back), $"{word:x}, cell {cell}");
            Assert.That(((RangeCells.FreeCells(word) >> (2 * cell)) & 1) != 0, Is.EqualTo(RangeCells.CodeAt(word, cell) == 0));
            Assert.That(((RangeCells.UsedCells(word) >> (2 * cell)) & 1) != 0, Is.EqualTo(RangeCells.CodeAt(word, cell) != 0));
        }
    }

    // Rows of ranges of random lengths and gaps: random bits alone would never hold a long range.
    private static ulong RandomWord(Random random)
    {
        ulong word = 0;
        int longest = 1 << random.Next(1, 6);
        for (int cell = 0; cell < 32;)
        {
            int count = Math.Min(32 - cell, 1 + random.Next(longest));
            word |= random.Next(3) switch
            {
                0 => 0,
                1 => RangeCells.Pattern(cell, count, 3),
                _ => RangeCells.Pattern(cell, count, cell == 0 && random.Next(2) == 0 ? 1UL : 2UL),
            };
            cell += count;
        }

        return word;
    }
}
