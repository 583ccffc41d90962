using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using MagAlloc.Concurrency;
using MagAlloc.Platform;

namespace MagAlloc.Magazines;

/// <summary>Owns the memory of every magazine of one engine and the stack of empty ones.</summary>
/// <remarks>
/// <para>Magazines are numbered, so that a stack link fits 32 bits beside a 32-bit tag. Their memory is one reservation
/// that stays mapped until the engine goes: a stack may read the link of a magazine that has left it.</para>
/// <para><b>State.</b> A group is 64 magazines: a word of in-use bits and a mask of committed pages. A page's committed bit is cleared only by
/// <see cref="Trim"/> while it owns all of its magazines. Empties wait on a <see cref="TaggedStack"/> with their bit still set.</para>
/// <para>Any thread, any time, lock-free; the constructor and <see cref="Release"/> excepted.</para>
/// </remarks>
internal sealed unsafe class MagazineStore
{
    private const int GroupMagazines = 64;
    private const uint Accessible = 1u << 31;

    private readonly BoundedCounter _committed;
    private readonly FaultPlan? _faults;
    private readonly nuint _reservedBytes;
    private readonly int _groupCount;
    private readonly int _magazinesPerPage;
    private readonly nuint _pageBytes;
    private readonly Group* _groups;
    private readonly byte* _magazines;
    private readonly nuint* _lowest;
    private byte* _reservation;
    private PaddedLong _firstFree;
    private PaddedLong _groupsUsed;
    private EmptyStack _empties;

    /// <param name="capacity">Upper bound on the number of magazines; address space only.</param>
    /// <param name="committed">Charged for every page of magazines in use.</param>
    /// <param name="faults">Plan asked before every fallible step, or null.</param>
    /// <param name="keepsLowest">Have room for the lowest resource of each magazine: eight bytes a magazine, touched with it.</param>
    /// <param name="least">So few will do where address space is short; 0: as many as <paramref name="capacity"/> says, or none.</param>
    /// <exception cref="OutOfMemoryException">The address space or its bookkeeping was refused; nothing is left behind.</exception>
    public MagazineStore(int capacity, BoundedCounter committed, FaultPlan? faults, bool keepsLowest = false, int least = 0)
    {
        _committed = committed;
        _faults = faults;
        _pageBytes = VirtualMemory.PageSize;
        _magazinesPerPage = (int)(_pageBytes / Magazine.Bytes);
        nuint groupBytes, lowestBytes, tableBytes, magazineBytes = BytesFor(capacity);
        bool isInjected = FaultPlan.Fails(faults, FaultPoint.Reserve);
        while (true)
        {
            _groupCount = (int)(magazineBytes / (GroupMagazines * Magazine.Bytes));
            groupBytes = AlignUp((nuint)_groupCount * (nuint)sizeof(Group), _pageBytes);
            lowestBytes = keepsLowest ? AlignUp((nuint)_groupCount * GroupMagazines * (nuint)sizeof(nuint), _pageBytes) : 0;
            tableBytes = groupBytes + lowestBytes;
            _reservedBytes = tableBytes + magazineBytes;
            _reservation = isInjected ? null : (byte*)VirtualMemory.Reserve(_reservedBytes, _pageBytes);
            if (_reservation != null)
            {
                break;
            }

            if (isInjected || least == 0 || !VirtualMemory.TryShrink(ref magazineBytes, BytesFor(least)))
            {
                throw new OutOfMemoryException($"Could not reserve {_reservedBytes} bytes of address space for magazines.");
            }

            magazineBytes = magazineBytes / (GroupMagazines * Magazine.Bytes) * (GroupMagazines * Magazine.Bytes);
        }

        if (FaultPlan.Fails(faults, FaultPoint.Metadata) || !VirtualMemory.Commit(_reservation, tableBytes))
        {
            Release();
            throw new OutOfMemoryException($"Could not commit {tableBytes} bytes for the table of magazines.");
        }

        _groups = (Group*)_reservation;
        _lowest = (nuint*)(_reservation + groupBytes);
        _magazines = _reservation + tableBytes;
        Links = new TaggedStack(_magazines, Magazine.Shift);
    }

    /// <summary>The stack discipline over this store's magazines; depots keep heads of their own.</summary>
    public TaggedStack Links { get; }

    public nuint ReservedBytes => _reservedBytes;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte* AddressOf(uint index) => _magazines + ((nuint)index << Magazine.Shift);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint IndexOf(byte* magazine) => (uint)((nuint)(magazine - _magazines) >> Magazine.Shift);

    /// <summary>
    /// The lowest resource of a full magazine. Written by the magazine's owner before it goes to a depot, read by the owner
    /// that took it out; the depot's exchanges order the two.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref nuint Lowest(uint index) => ref _lowest[index];

    /// <summary>Takes an empty magazine. Its contents are undefined.</summary>
    /// <returns>False when there is no memory for another one.</returns>
    public bool TryTake(out uint index) => Links.TryPop(ref _empties.Head, out index) || TryTakeFresh(out index);

    /// <summary>Brings an empty magazine back.</summary>
    public void Give(uint index) => Links.Push(ref _empties.Head, index);

    /// <summary>Gives the pages of magazines that nobody uses back to the operating system.</summary>
    /// <returns>Bytes given back.</returns>
    public long Trim()
    {
        // What is claimed below for a moment, and its charge, is not "no magazine" to whoever needs one.
        _committed.Transit.Begin();
        while (Links.TryPop(ref _empties.Head, out uint index))
        {
            Atomic.And(ref _groups[index / GroupMagazines].InUse, ~(1UL << (int)(index % GroupMagazines)));
        }

        Atomic.Store(ref _firstFree.Value, 0);
        long bytes = 0;
        int groups = (int)Atomic.Load(ref _groupsUsed.Value);
        for (int g = 0; g < groups; g++)
        {
            uint pages = Atomic.Load(ref _groups[g].Pages);
            for (pages &= ~Accessible; pages != 0; pages &= pages - 1)
            {
                bytes += TrimPage(g, BitOperations.TrailingZeroCount(pages));
            }
        }

        _committed.Transit.End();
        return bytes;
    }

    /// <summary>Zeroes every magazine, leaving it readable, for the disposal of an engine that threads may still be in.</summary>
    public void Discard()
    {
        if (_reservation != null)
        {
            int groups = (int)Atomic.Load(ref _groupsUsed.Value);
            for (int g = 0; g < groups; g++)
            {
                if ((_groups[g].Pages & Accessible) != 0)
                {
                    VirtualMemory.Discard(_magazines + ((nuint)g * GroupMagazines * Magazine.Bytes), GroupMagazines * Magazine.Bytes);
                }
            }
        }
    }

    /// <summary>Leaves the store to the readers of a closed engine: magazines that were ever in use to the fast paths.</summary>
    public void Bequeath(Remains steps, Remains looks)
    {
        nuint used = (nuint)Atomic.Load(ref _groupsUsed.Value) * GroupMagazines * Magazine.Bytes;
        nuint table = (nuint)(_magazines - _reservation);
        if (VirtualMemory.ReleasesParts)
        {
            steps.Add(_reservation, table);
            looks.Add(_magazines, used);
            steps.Add(_magazines + used, _reservedBytes - table - used);
        }
        else
        {
            looks.Add(_reservation, _reservedBytes);
        }

        _reservation = null;
    }

    /// <summary>Unmaps everything. Idempotent; accepts a store that was never built.</summary>
    public void Release()
    {
        if (_reservation != null)
        {
            VirtualMemory.Release(_reservation, _reservedBytes);
            _reservation = null;
        }
    }

    private static nuint BytesFor(int magazines) => AlignUp((nuint)magazines * Magazine.Bytes, GroupMagazines * Magazine.Bytes);

    private static nuint AlignUp(nuint value, nuint alignment) => (value + alignment - 1) & ~(alignment - 1);

    private bool TryTakeFresh(out uint index)
    {
        index = 0;
        if (FaultPlan.Fails(_faults, FaultPoint.Magazine))
        {
            return false;
        }

        // A stale start costs a few full words; Trim resets it, so that low magazines are found again.
        for (int g = (int)Atomic.Load(ref _firstFree.Value); g < _groupCount; g++)
        {
            ref Group group = ref _groups[g];
            ulong inUse;
            while ((inUse = Atomic.Load(ref group.InUse)) != ulong.MaxValue)
            {
                int bit = BitOperations.TrailingZeroCount(~inUse);
                if ((Atomic.Or(ref group.InUse, 1UL << bit) & (1UL << bit)) != 0)
                {
                    continue;
                }

                if (!CommitPage(g, bit / _magazinesPerPage))
                {
                    Atomic.And(ref group.InUse, ~(1UL << bit));
                    return false;
                }

                index = (uint)((g * GroupMagazines) + bit);
                return true;
            }

            Atomic.CompareExchange(ref _firstFree.Value, g + 1, g);
        }

        return false;
    }

    private bool CommitPage(int g, int page)
    {
        ref Group group = ref _groups[g];
        uint pages = Atomic.Load(ref group.Pages);
        if ((pages & (1u << page)) != 0)
        {
            return true;
        }

        _committed.Transit.Begin();
        bool committed = CommitPageCharged(g, page, pages);
        _committed.Transit.End();
        return committed;
    }

    private bool CommitPageCharged(int g, int page, uint pages)
    {
        ref Group group = ref _groups[g];
        if (!_committed.TryAdd((long)_pageBytes))
        {
            return false;
        }

        if ((pages & Accessible) == 0
            && !VirtualMemory.Commit(_magazines + ((nuint)g * GroupMagazines * Magazine.Bytes), GroupMagazines * Magazine.Bytes))
        {
            _committed.Subtract((long)_pageBytes);
            return false;
        }

        if ((Atomic.Or(ref group.Pages, Accessible | (1u << page)) & (1u << page)) != 0)
        {
            _committed.Subtract((long)_pageBytes);
        }

        Atomic.Raise(ref _groupsUsed.Value, g + 1);

        return true;
    }

    private long TrimPage(int g, int page)
    {
        ref Group group = ref _groups[g];
        ulong all = (_magazinesPerPage == GroupMagazines ? ulong.MaxValue : (1UL << _magazinesPerPage) - 1)
            << (page * _magazinesPerPage);
        ulong before = Atomic.Or(ref group.InUse, all);
        if ((before & all) != 0)
        {
            Atomic.And(ref group.InUse, ~(all & ~before));
            return 0;
        }

        long bytes = 0;

        // All magazines of the page are ours, so only we may clear its committed bit; it may be clear already.
        if ((Atomic.And(ref group.Pages, ~(1u << page)) & (1u << page)) != 0)
        {
            VirtualMemory.Discard(AddressOf((uint)((g * GroupMagazines) + (page * _magazinesPerPage))), _pageBytes);
            _committed.Subtract((long)_pageBytes);
            bytes = (long)_pageBytes;
        }

        Atomic.And(ref group.InUse, ~all);
        return bytes;
    }

    private struct Group
    {
        public ulong InUse;
        public uint Pages;
        public uint Unused;
    }

    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct EmptyStack
    {
        [FieldOffset(128)]
        public ulong Head;
    }
}
