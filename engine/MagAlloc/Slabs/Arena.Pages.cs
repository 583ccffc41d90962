using System.Numerics;
using System.Runtime.InteropServices;
using MagAlloc.Concurrency;
using MagAlloc.Platform;

namespace MagAlloc.Slabs;

/// <content>Committing and decommitting pages.</content>
internal sealed unsafe partial class Arena
{
    // While the peak rises, an eighth of what is committed may lie idle, in large heaps a quarter: chunks change their users
    // without system calls and page faults, and the peak stays near that of the blocks in use.
    private const int DirtyShare = 8;
    private const int DirtyShareOfLarge = 4;
    private const long LargeHeap = 64 << 20;
    private const long DirtyFloor = 64 * 1024;

    // What a run may keep committed behind its end; to give that little back costs more than it brings.
    private const int LargestTail = 16 * 1024;

    // Of what has lain idle long enough each pass takes half, and whatever is left of the last megabyte.
    private const long DecayFloor = 1 << 20;
    private const int DecayDivisor = 2;

    // So much dirty memory is zeroed by giving its pages back, less by writing. Measured on a virtual machine whose page faults are
    // dear (20 µs), in ms, to write it / to give it back: 8 MiB 0.1 / 1, 32 MiB 1 / 9, 64 MiB 7 / 13, 128 MiB 15 / 17, 256 MiB 28 / 37.
    // Below, writing is many times cheaper and what was written is in a cache for its user. From here on giving back costs about the
    // same where nothing is touched, and what is not touched takes no memory; who touches it all pays the faults that fresh memory costs.
    private const long LargestWrittenZero = 64 << 20;

    private static long DirtyShareOf(long committed)
        => (committed / (committed < LargeHeap ? DirtyShare : DirtyShareOfLarge)) + DirtyFloor;

    /// <summary>Commits the pages under a range in chunks that nobody else has a part of, all of them or none.</summary>
    /// <remarks>Charged in one step: a large request that is refused half-way would make small ones fail meanwhile that fit.</remarks>
    /// <param name="address">Anywhere in the arena.</param>
    /// <param name="bytes">At least 1.</param>
    /// <param name="zeroDirty">Zero what of the range was committed before; pages committed here are zero already.</param>
    /// <returns>False when the limit or the operating system refuses.</returns>
    public bool TryCommitRun(nuint address, nuint bytes, bool zeroDirty)
    {
        nuint end = address + bytes;
        long missing = 0;
        long dirty = 0;
        for (nuint at = address; at < end; at = EndOfPart(at, end))
        {
            uint wanted = PagesOfPart(at, end);
            uint there = wanted & _headers[ChunkOf(at)].Pages;
            dirty += BitOperations.PopCount(there);
            missing += BitOperations.PopCount(wanted ^ there);
        }

        missing <<= _pageShift;
        if (missing != 0)
        {
            MakeRoomUnderPeak(missing);
            if (FaultPlan.Fails(_faults, FaultPoint.Commit) || !Committed.TryAdd(missing))
            {
                return false;
            }

            if (!VirtualMemory.DecommitKeepsAccess && !CommitWhole(address, end))
            {
                Committed.Subtract(missing);
                return false;
            }
        }

        // The pages stay committed, and charged: they may be touched at any time.
        zeroDirty = zeroDirty && !(dirty << _pageShift > LargestWrittenZero && TryEmpty(address, end));
        for (nuint at = address; at < end; at = EndOfPart(at, end))
        {
            ref ChunkHeader header = ref _headers[ChunkOf(at)];
            uint wanted = PagesOfPart(at, end);
            if (zeroDirty && (header.Pages & wanted) != 0)
            {
                NativeMemory.Clear((void*)at, EndOfPart(at, end) - at);
            }

            Atomic.Store(ref header.Pages, header.Pages | wanted);
        }

        return true;
    }

    /// <summary>Commits the pages under blocks that the caller owns; others may own other blocks on them.</summary>
    /// <param name="address">Anywhere in the arena.</param>
    /// <param name="bytes">At least 1.</param>
    /// <returns>False when the limit or the operating system refuses; what was committed stays so.</returns>
    public bool TryCommit(nuint address, nuint bytes)
    {
        nuint end = address + bytes;
        for (nuint at = address; at < end; at = EndOfPart(at, end))
        {
            int chunk = ChunkOf(at);
            uint missing = PagesOfPart(at, end) & ~Atomic.Load(ref _headers[chunk].Pages);
            if (missing != 0 && !TryCommitPages(chunk, missing))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Decommits pages of one chunk whose every block the caller owns.</summary>
    /// <returns>Bytes decommitted.</returns>
    public long Decommit(int chunk, uint pages)
    {
        pages &= Atomic.Load(ref _headers[chunk].Pages);
        uint gone = 0;
        for (uint rest = pages; rest != 0;)
        {
            int first = BitOperations.TrailingZeroCount(rest);
            int count = BitOperations.TrailingZeroCount(~(rest >> first));
            uint run = (count >= 32 ? uint.MaxValue : (1u << count) - 1) << first;
            if (VirtualMemory.Decommit(AddressOf(chunk) + (first * _pageBytes), (nuint)(count * _pageBytes)))
            {
                // Else (locked memory, for one) the pages keep their bits, and with them their contents and their charge.
                gone |= run;
            }

            rest &= ~run;
        }

        if (gone == 0)
        {
            return 0;
        }

        Atomic.And(ref _headers[chunk].Pages, ~gone);
        return Uncharge((long)BitOperations.PopCount(gone) * _pageBytes);
    }

    /// <summary>Decommits what a chunk still has committed behind the end of a run that the caller owns.</summary>
    public void DecommitBehind(nuint end)
    {
        int chunk = ChunkOf(end - 1);
        uint used = PageMask(0, (uint)(end - (nuint)AddressOf(chunk)));
        uint idle = Atomic.Load(ref _headers[chunk].Pages) & ~used;
        if (BitOperations.PopCount(idle) * _pageBytes > LargestTail)
        {
            Decommit(chunk, idle);
        }
    }

    /// <summary>Decommits whole chunks that the caller owns, in one call to the operating system.</summary>
    public void DecommitChunks(int first, int count)
    {
        long bytes = 0;
        for (int chunk = first; chunk < first + count; chunk++)
        {
            bytes += CommittedBytes(chunk);
        }

        if (bytes == 0 || !VirtualMemory.Decommit(AddressOf(first), (nuint)count << ChunkShift))
        {
            return;
        }

        for (int chunk = first; chunk < first + count; chunk++)
        {
            Atomic.Store(ref _headers[chunk].Pages, 0);
        }

        Uncharge(bytes);
    }

    /// <summary>The pages of a chunk that the bytes from <paramref name="from"/> up to <paramref name="to"/> touch.</summary>
    public uint PageMask(uint from, uint to)
    {
        int first = (int)from >> _pageShift;
        int last = ((int)to - 1) >> _pageShift;
        return (uint)((2UL << last) - (1UL << first));
    }

    /// <summary>The pages of a chunk that lie wholly within the bytes from <paramref name="from"/> up to <paramref name="to"/>.</summary>
    public uint WholePageMask(uint from, uint to)
    {
        int first = ((int)from + _pageBytes - 1) >> _pageShift;
        int end = (int)to >> _pageShift;
        return end <= first ? 0 : (uint)((1UL << end) - (1UL << first));
    }

    /// <summary>The end of the part of a range that lies in the chunk of <paramref name="at"/>.</summary>
    private nuint EndOfPart(nuint at, nuint end) => Math.Min(end, (nuint)AddressOf(ChunkOf(at)) + ChunkBytes);

    private uint PagesOfPart(nuint at, nuint end)
    {
        nuint start = (nuint)AddressOf(ChunkOf(at));
        return PageMask((uint)(at - start), (uint)(EndOfPart(at, end) - start));
    }

    /// <summary>Makes the pages under a range zero without writing: nothing of them is resident afterwards.</summary>
    /// <returns>False where pages that were given back may not be touched (Windows), or the system refuses (locked memory).</returns>
    private bool TryEmpty(nuint address, nuint end)
    {
        nuint mask = (nuint)_pageBytes - 1;
        nuint first = address & ~mask;
        return VirtualMemory.DecommitKeepsAccess && VirtualMemory.Decommit((void*)first, ((end + mask) & ~mask) - first);
    }

    private bool CommitWhole(nuint address, nuint end)
    {
        byte* first = AddressOf(ChunkOf(address));
        return VirtualMemory.Commit(first, (nuint)(AddressOf(ChunkOf(end - 1)) + ChunkBytes - first));
    }

    private bool TryCommitPages(int chunk, uint missing)
    {
        Committed.Transit.Begin();
        bool committed = TryCommitPagesCharged(chunk, missing);
        Committed.Transit.End();
        return committed;
    }

    private bool TryCommitPagesCharged(int chunk, uint missing)
    {
        long charge = (long)BitOperations.PopCount(missing) * _pageBytes;
        MakeRoomUnderPeak(charge);
        if (FaultPlan.Fails(_faults, FaultPoint.Commit) || !Committed.TryAdd(charge))
        {
            return false;
        }

        if (!VirtualMemory.DecommitKeepsAccess && !VirtualMemory.Commit(AddressOf(chunk), ChunkBytes))
        {
            Committed.Subtract(charge);
            return false;
        }

        // The owner of a neighbouring block on the same page may have been first: then the page is charged already.
        uint before = Atomic.Or(ref _headers[chunk].Pages, missing);
        if ((before & missing) != 0)
        {
            Committed.Subtract((long)BitOperations.PopCount(before & missing) * _pageBytes);
        }

        return true;
    }

    private long Uncharge(long bytes)
    {
        Committed.Subtract(bytes);
        Atomic.Add(ref _decommitted.Value, bytes);
        return bytes;
    }
}
