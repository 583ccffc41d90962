using System.Numerics;

namespace MagAlloc.Platform;

/// <summary>
/// A set of CPU numbers of any size: bit n of the array of 64-bit words is CPU n, the layout the Linux kernel uses. On
/// Windows, word g is processor group g.
/// </summary>
/// <remarks>Not synchronised: a mask is filled by one thread and only read after that.</remarks>
internal sealed class CpuMask
{
    private const int BitsPerWord = 64;

    private readonly ulong[] _words;

    /// <summary>An empty set that can hold the CPUs 0 to <paramref name="words"/> × 64 - 1.</summary>
    internal CpuMask(int words) => _words = new ulong[words];

    /// <summary>The set's words, for the operating system to fill or read.</summary>
    internal Span<ulong> Words => _words;

    /// <summary>How many CPUs are in the set.</summary>
    internal int Count
    {
        get
        {
            int count = 0;
            foreach (ulong word in _words)
            {
                count += BitOperations.PopCount(word);
            }

            return count;
        }
    }

    /// <summary>A set of one CPU, just large enough for it.</summary>
    internal static CpuMask Of(int cpu)
    {
        var mask = new CpuMask((cpu / BitsPerWord) + 1);
        mask.Add(cpu);
        return mask;
    }

    /// <summary>Puts a CPU into the set; it must be within the size of it.</summary>
    internal void Add(int cpu) => _words[cpu / BitsPerWord] |= 1UL << (cpu % BitsPerWord);

    /// <summary>Whether a CPU is in the set. Any number may be asked about.</summary>
    internal bool Contains(int cpu) =>
        cpu >= 0 && cpu / BitsPerWord < _words.Length && (_words[cpu / BitsPerWord] >> (cpu % BitsPerWord) & 1) != 0;

    /// <summary>The CPUs of the set in ascending order.</summary>
    internal int[] ToArray()
    {
        var cpus = new int[Count];
        int next = 0;
        for (int index = 0; index < _words.Length; index++)
        {
            for (ulong rest = _words[index]; rest != 0; rest &= rest - 1)
            {
                cpus[next++] = (index * BitsPerWord) + BitOperations.TrailingZeroCount(rest);
            }
        }

        return cpus;
    }

    /// <summary>The set as people write it: <c>0-3,8,10-11</c>; <c>none</c> when empty.</summary>
    public override string ToString()
    {
        int[] cpus = ToArray();
        var ranges = new List<string>();
        for (int first = 0, last; first < cpus.Length; first = last + 1)
        {
            last = first;
            while (last + 1 < cpus.Length && cpus[last + 1] == cpus[last] + 1)
            {
                last++;
            }

            ranges.Add(first == last ? $"{cpus[first]}" : $"{cpus[first]}-{cpus[last]}");
        }

        return ranges.Count == 0 ? "none" : string.Join(',', ranges);
    }
}
