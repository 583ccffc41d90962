using System.Numerics;
using MagAlloc.Concurrency;

namespace MagAlloc.Ranges;

/// <summary>Hands out and takes back runs of consecutive units (the arena's chunks). Any thread, any time, lock-free.</summary>
/// <remarks>
/// <para><b>State.</b> One bit a unit, 1 = in use, 64 to a word, in memory that the owner supplies zeroed. Placement is lowest-first: low units fill
/// up and high ones drain, which is what lets memory go back. A run inside one word is claimed by a single compare-and-swap, a longer one word by word in
/// ascending order; a conflict gives back what was claimed and the search goes on behind it.</para>
/// <para><b>Progress.</b> Of the claims under way at one moment, the one whose conflict lies highest meets only settled claims. <b>No ABA:</b> the words are the
/// truth itself, not references. <b>The hint</b> is the lowest word that may have a free unit, with a version that every free bumps.</para>
/// <para><b>Failure</b> means that no fitting run was free, unless something was freed during each of <see cref="MostLooks"/> looks: a search that found
/// nothing while others moved the version starts again. The argument: docs/proofs/runs.md.</para>
/// </remarks>
internal sealed unsafe class RangeAllocator
{
    private const int BitsPerWord = 64;

    // Each look that missed a fitting run needs a free behind it, and a claim before it, at the right moments.
    private const int MostLooks = 8;

    private readonly ulong* _words;
    private readonly int _wordCount;
    private PaddedLong _hint;
    private PaddedLong _frontier;

    /// <param name="words">Zeroed words, one bit a unit, rounded up to whole words.</param>
    /// <param name="units">Number of units; at least 1.</param>
    public RangeAllocator(ulong* words, int units)
    {
        _words = words;
        _wordCount = (units + BitsPerWord - 1) / BitsPerWord;
        Units = units;
        int tail = units % BitsPerWord;
        if (tail != 0)
        {
            // Units beyond the end are in use for ever, so that no search has to know where the end is.
            _words[_wordCount - 1] = ulong.MaxValue << tail;
        }
    }

    public int Units { get; }

    /// <summary>One more than the highest unit ever handed out. Never falls.</summary>
    public int Frontier => (int)Atomic.Load(ref _frontier.Value);

    /// <summary>Bytes of bitmap that <paramref name="units"/> units need.</summary>
    public static nuint MetadataBytes(int units) => (nuint)((units + BitsPerWord - 1) / BitsPerWord) * sizeof(ulong);

    /// <summary>Claims the lowest free run.</summary>
    /// <param name="units">Length of the run; at least 1.</param>
    /// <param name="alignment">The first unit is a multiple of this power of two.</param>
    /// <param name="first">The first unit of the run.</param>
    /// <returns>False when no such run is free.</returns>
    public bool TryAllocate(int units, int alignment, out int first)
    {
        if (units > Units)
        {
            first = 0;
            return false;
        }

        for (int look = 0; look < MostLooks; look++)
        {
            uint version = HintVersion();
            if ((units <= BitsPerWord && alignment <= BitsPerWord && TryAllocateInWord(units, alignment, out first))
                || ((units > 1 || alignment > BitsPerWord) && TryAllocateAcrossWords(units, alignment, ref version, out first)))
            {
                Atomic.Raise(ref _frontier.Value, first + units);
                return true;
            }

            if (version == HintVersion())
            {
                break;
            }
        }

        first = 0;
        return false;
    }

    /// <summary>Claims exactly the given run, if all of it is free.</summary>
    public bool TryClaim(int first, int units)
    {
        uint version = 0;
        if (first < 0 || units > Units - first || FirstUsed(first, units) >= 0 || ClaimRun(first, units, ref version) >= 0)
        {
            return false;
        }

        Atomic.Raise(ref _frontier.Value, first + units);
        return true;
    }

    /// <summary>Gives back a run, or any part of one, that the caller owns.</summary>
    public void Free(int first, int units)
    {
        ReleaseRun(first, units);
        LowerHint(first / BitsPerWord);
    }

    private uint HintVersion() => (uint)(Atomic.Load(ref _hint.Value) >> 32);

    private static ulong RunMask(int units) => units >= BitsPerWord ? ulong.MaxValue : (1UL << units) - 1;

    /// <summary>Bit i of the result: units i to i + <paramref name="units"/> - 1 of the word are free, i is aligned.</summary>
    private static ulong StartsOfRuns(ulong word, int units, int alignment)
    {
        ulong starts = ~word;
        for (int have = 1; have < units && starts != 0;)
        {
            int step = Math.Min(have, units - have);
            starts &= starts >> step;
            have += step;
        }

        return starts & (ulong.MaxValue / RunMask(alignment));
    }

    private bool TryAllocateInWord(int units, int alignment, out int first)
    {
        long hint = Atomic.Load(ref _hint.Value);
        int from = (int)(uint)hint;
        bool allFullSoFar = true;
        for (int w = from; w < _wordCount; w++)
        {
            ulong word = Atomic.Load(ref _words[w]);
            if (word == ulong.MaxValue)
            {
                continue;
            }

            if (allFullSoFar)
            {
                allFullSoFar = false;
                RaiseHint(hint, w);
            }

            ulong starts;
            while ((starts = StartsOfRuns(word, units, alignment)) != 0)
            {
                int bit = BitOperations.TrailingZeroCount(starts);
                ulong now = Atomic.CompareExchange(ref _words[w], word | (RunMask(units) << bit), word);
                if (now == word)
                {
                    first = (w * BitsPerWord) + bit;
                    return true;
                }

                word = now;
            }
        }

        first = 0;
        return false;
    }

    /// <param name="units">Length of the run.</param>
    /// <param name="alignment">The first unit is a multiple of it.</param>
    /// <param name="version">Goes up with each claim of its own that gave up.</param>
    /// <param name="first">The first unit of the run.</param>
    private bool TryAllocateAcrossWords(int units, int alignment, ref uint version, out int first)
    {
        long candidate = (long)(uint)Atomic.Load(ref _hint.Value) * BitsPerWord;
        while ((candidate = AlignUp(candidate, alignment)) <= Units - units)
        {
            int used = FirstUsed((int)candidate, units);
            if (used < 0)
            {
                used = ClaimRun((int)candidate, units, ref version);
                if (used < 0)
                {
                    first = (int)candidate;
                    return true;
                }
            }

            candidate = FirstFreeFrom(used + 1);
        }

        first = 0;
        return false;
    }

    private static long AlignUp(long value, int alignment) => (value + alignment - 1) & -(long)alignment;

    /// <returns>The highest unit in use within the last word that blocks the run, or -1.</returns>
    private int FirstUsed(int first, int units)
    {
        int end = first + units;
        for (int unit = first; unit < end;)
        {
            int bit = unit % BitsPerWord;
            int count = Math.Min(BitsPerWord - bit, end - unit);
            ulong blocked = Atomic.Load(ref _words[unit / BitsPerWord]) & (RunMask(count) << bit);
            if (blocked != 0)
            {
                return (unit - bit) + BitOperations.Log2(blocked);
            }

            unit += count;
        }

        return -1;
    }

    private int FirstFreeFrom(int unit)
    {
        while (unit < Units)
        {
            ulong free = ~Atomic.Load(ref _words[unit / BitsPerWord]) & (ulong.MaxValue << (unit % BitsPerWord));
            if (free != 0)
            {
                return ((unit / BitsPerWord) * BitsPerWord) + BitOperations.TrailingZeroCount(free);
            }

            unit = ((unit / BitsPerWord) + 1) * BitsPerWord;
        }

        return Units;
    }

    /// <returns>-1 when the run was claimed; else a unit that blocked it, and nothing is claimed.</returns>
    private int ClaimRun(int first, int units, ref uint version)
    {
        int end = first + units;
        for (int unit = first; unit < end;)
        {
            int bit = unit % BitsPerWord;
            int count = Math.Min(BitsPerWord - bit, end - unit);
            ulong mask = RunMask(count) << bit;
            ref ulong location = ref _words[unit / BitsPerWord];
            ulong word = Atomic.Load(ref location);
            while (true)
            {
                if ((word & mask) != 0)
                {
                    if (unit > first)
                    {
                        ReleaseRun(first, unit - first);
                        LowerHint(first / BitsPerWord);
                        version++;
                    }

                    return (unit - bit) + BitOperations.Log2(word & mask);
                }

                ulong now = Atomic.CompareExchange(ref location, word | mask, word);
                if (now == word)
                {
                    break;
                }

                word = now;
            }

            unit += count;
        }

        return -1;
    }

    private void ReleaseRun(int first, int units)
    {
        int end = first + units;
        for (int unit = first; unit < end;)
        {
            int bit = unit % BitsPerWord;
            int count = Math.Min(BitsPerWord - bit, end - unit);
            Atomic.And(ref _words[unit / BitsPerWord], ~(RunMask(count) << bit));
            unit += count;
        }
    }

    private void RaiseHint(long seen, int word)
    {
        if ((int)(uint)seen != word)
        {
            Atomic.CompareExchange(ref _hint.Value, (seen & ~(long)uint.MaxValue) | (uint)word, seen);
        }
    }

    private void LowerHint(int word)
    {
        long seen = Atomic.Load(ref _hint.Value);
        while (true)
        {
            uint low = Math.Min((uint)seen, (uint)word);
            long next = unchecked((seen & ~(long)uint.MaxValue) + (1L << 32)) | low;
            long now = Atomic.CompareExchange(ref _hint.Value, next, seen);
            if (now == seen)
            {
                return;
            }

            seen = now;
        }
    }
}
