using System.Numerics;
using System.Runtime.CompilerServices;
using MagAlloc.Concurrency;
using MagAlloc.Platform;
using MagAlloc.Ranges;

namespace MagAlloc.Slabs;

/// <summary>One reserved range of address space, its chunks, and the books over what of it is committed.</summary>
/// <remarks>
/// <para><b>Chunks</b> of 64 KiB are handed out by a <see cref="RangeAllocator"/>. All metadata lies outside them, in arrays
/// indexed by chunk number inside a second reservation, which grows accessible in steps of a <em>group</em> (64 chunks).</para>
/// <para><b>Committed</b> means: given out at least once since it was last decommitted, so that physical memory may stand
/// behind it. It is kept per page (<see cref="ChunkHeader.Pages"/>) and charged to one bounded counter, which is where the
/// heap's byte limit bites. A page's bit is set by an owner of one of its blocks and cleared only by whoever owns all of
/// them, so the two never race for one page.</para>
/// <para><b>Dirty</b> chunks are free but still committed: they are taken again without a system call, by any class, and
/// decommitted when they stay unused or when there are too many of them.</para>
/// <para>Any thread, any time, lock-free; the constructor and <see cref="Release"/> excepted.</para>
/// </remarks>
internal sealed unsafe partial class Arena
{
    /// <summary>Binary logarithm of a chunk's size in bytes.</summary>
    public const int ChunkShift = 16;

    /// <summary>Most blocks a slab can have: the bits of its bitmap.</summary>
    public const int MaxBlocks = BitmapWords * 64;

    /// <summary>Words of a slab's bitmap.</summary>
    public const int BitmapWords = 64;

    private const int ChunkBytes = 1 << ChunkShift;
    private const nuint LargestAlignment = 1 << 30;
    private const int GroupChunks = 64;
    private const int GroupsPerMapPage = 64;
    private const int MapCount = 3;

    // States of a group.
    private const byte Closed = 0;
    private const byte Open = 1;
    private const byte WithoutBitmaps = 2;

    private readonly FaultPlan? _faults;
    private readonly int _pageBytes;
    private readonly int _pageShift;
    private readonly int _groupCount;
    private readonly byte* _groupStates;
    private readonly nuint _metadataBytes;
    private readonly byte* _dirty;
    private readonly ChunkHeader* _headers;
    private readonly ulong* _bitmaps;
    private readonly ulong* _marks;
    private PaddedLong _metadataCommitted;
    private PaddedLong _dirtyBytes;
    private PaddedLong _decommitted;
    private int _discarded;
    private byte* _reservation;
    private byte* _metadataReservation;

    /// <param name="bytes">Address space to reserve; a multiple of the chunk size.</param>
    /// <param name="committed">Charged for every committed byte.</param>
    /// <param name="withMarks">Keep a second bitmap for each slab (<see cref="Marks"/>).</param>
    /// <param name="faults">Plan asked before every fallible step, or null.</param>
    /// <exception cref="OutOfMemoryException">A step failed; nothing is left behind.</exception>
    public Arena(nuint bytes, BoundedCounter committed, bool withMarks, FaultPlan? faults)
    {
        if (sizeof(nuint) != sizeof(ulong))
        {
            throw new PlatformNotSupportedException("MagAlloc needs a 64-bit process.");
        }

        Committed = committed;
        _faults = faults;
        _pageBytes = (int)VirtualMemory.PageSize;
        _pageShift = BitOperations.Log2((uint)_pageBytes);
        Bytes = bytes;
        BaseAlignment = Math.Min(LargestAlignment, (nuint)1 << BitOperations.Log2(bytes));
        int chunks = (int)(bytes >> ChunkShift);
        _groupCount = (chunks + GroupChunks - 1) / GroupChunks;

        nuint words = PageAlign(RangeAllocator.MetadataBytes(chunks));
        nuint map = PageAlign((nuint)chunks);
        nuint groups = PageAlign((nuint)_groupCount);
        nuint headers = PageAlign((nuint)chunks * (nuint)sizeof(ChunkHeader));
        nuint bitmaps = PageAlign((nuint)chunks * BitmapWords * sizeof(ulong));
        nuint upFront = words + groups + (map * MapCount);
        _metadataBytes = upFront + headers + (withMarks ? bitmaps * 2 : bitmaps);

        if (FaultPlan.Fails(faults, FaultPoint.Reserve) || (_reservation = (byte*)VirtualMemory.Reserve(bytes, BaseAlignment, ChunkBytes, out nuint alignment)) == null)
        {
            throw new OutOfMemoryException($"Could not reserve {bytes} bytes of address space for the arena.");
        }

        BaseAlignment = alignment;
        if (FaultPlan.Fails(faults, FaultPoint.Metadata)
            || (_metadataReservation = (byte*)VirtualMemory.Reserve(_metadataBytes, (nuint)_pageBytes)) == null
            || !VirtualMemory.Commit(_metadataReservation, upFront))
        {
            Release();
            throw new OutOfMemoryException($"Could not reserve {_metadataBytes} bytes of address space for the arena's metadata.");
        }

        Base = _reservation;
        _groupStates = _metadataReservation + words;
        PageMap = _groupStates + groups;
        PartialMap = PageMap + map;
        _dirty = PartialMap + map;
        _headers = (ChunkHeader*)(_dirty + map);
        _bitmaps = (ulong*)((byte*)_headers + headers);
        _marks = withMarks ? _bitmaps + (bitmaps / sizeof(ulong)) : null;
        try
        {
            Ranges = new RangeAllocator((ulong*)_metadataReservation, chunks);
        }
        catch
        {
            Release();
            throw;
        }
    }

    /// <summary>Address of chunk 0.</summary>
    public byte* Base { get; }

    /// <summary>Alignment of <see cref="Base"/>, and so the largest that a block can have, in bytes.</summary>
    public nuint BaseAlignment { get; }

    /// <summary>Size of the reservation in bytes.</summary>
    public nuint Bytes { get; }

    /// <summary>One byte a chunk: the code of the class whose blocks lie there, or a value of <see cref="Slabs.PageMap"/>.</summary>
    public byte* PageMap { get; }

    /// <summary>One byte a chunk: the code of a slab that begins there and has free blocks, else 0.</summary>
    public byte* PartialMap { get; }

    public BoundedCounter Committed { get; }

    /// <summary>Number of the owner, for events.</summary>
    public long Owner { get; init; }

    public RangeAllocator Ranges { get; }

    /// <summary>Bytes of metadata that are committed.</summary>
    public long MetadataBytes => Atomic.Load(ref _metadataCommitted.Value);

    /// <summary>Committed bytes in free chunks.</summary>
    public long DirtyBytes => Atomic.Load(ref _dirtyBytes.Value) + (Runs?.CommittedBytes ?? 0);

    /// <summary>Bytes decommitted since the arena was made.</summary>
    public long DecommittedBytes => Atomic.Load(ref _decommitted.Value);

    /// <summary>Address space of arena and metadata, in bytes.</summary>
    public nuint ReservedBytes => Bytes + _metadataBytes;

    /// <summary>Size of a page in bytes.</summary>
    public int PageBytes => _pageBytes;

    /// <summary>The running number of the reclaim pass; what freed memory is stamped with.</summary>
    public int Pass { get; set; }

    /// <summary>Passes for which what comes back now has lain unused already. Set by a pass around what it brings back.</summary>
    public int IdlePasses { get; set; }

    public int UnusedSince => Pass - IdlePasses;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte* AddressOf(int chunk) => Base + ((nuint)(uint)chunk << ChunkShift);

    /// <summary>The chunk that an address inside the arena falls into.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int ChunkOf(nuint address) => (int)((address - (nuint)Base) >> ChunkShift);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Contains(nuint address) => address - (nuint)Base < Bytes;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref ChunkHeader Header(int chunk) => ref _headers[chunk];

    /// <summary>The free-block bitmap of the slab that begins at a chunk; 1 = free.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong* Bitmap(int chunk) => _bitmaps + ((nuint)(uint)chunk * BitmapWords);

    /// <summary>The second bitmap of the slab that begins at a chunk, for whatever the arena's owner marks.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong* Marks(int chunk) => _marks + ((nuint)(uint)chunk * BitmapWords);

    /// <summary>Takes chunks. Their metadata is accessible; their pages are committed as before.</summary>
    public bool TryTakeChunks(int count, int alignment, out int first)
    {
        first = 0;
        if (FaultPlan.Fails(_faults, FaultPoint.RangeClaim))
        {
            return false;
        }

        bool taken = (count == 1 && alignment == 1 && TryTakeDirtyChunk(out first)) || Ranges.TryAllocate(count, alignment, out first)
            || (EvictRuns() && Ranges.TryAllocate(count, alignment, out first));
        if (!taken)
        {
            Refusal.Note(RefusalKind.Reservation);
            return false;
        }

        return OpenOrGiveUp(first, count);
    }

    /// <summary>Takes exactly these chunks, if they are free.</summary>
    public bool TryTakeChunksAt(int first, int count)
        => !FaultPlan.Fails(_faults, FaultPoint.RangeClaim)
            && (Ranges.TryClaim(first, count) || (EvictRuns() && Ranges.TryClaim(first, count))) && OpenOrGiveUp(first, count);

    /// <summary>Where freed runs lie first; null for an arena without runs. Set before the first one is made.</summary>
    public RunCache? Runs { get; set; }

    /// <summary>Gives chunks back. What is committed of them stays so until it has lain unused, or others need the bytes.</summary>
    public void FreeChunks(int first, int count) => FreeChunks(first, count, UnusedSince);

    /// <inheritdoc cref="FreeChunks(int, int)"/>
    public void FreeChunks(int first, int count, int lastReturn)
    {
        long bytes = 0;
        for (int chunk = first; chunk < first + count; chunk++)
        {
            long committed = CommittedBytes(chunk);
            if (committed != 0)
            {
                bytes += committed;
                _headers[chunk].LastReturn = lastReturn;
                Atomic.Store(ref _dirty[chunk], 1);
            }
        }

        if (bytes != 0)
        {
            Atomic.Add(ref _dirtyBytes.Value, bytes);
        }

        Ranges.Free(first, count);
    }

    /// <summary>Whether the owner was disposed and the metadata means nothing any more. Ends loops that wait for it to.</summary>
    public bool IsDiscarded => Atomic.Load(ref _discarded) != 0;

    /// <summary>Zeroes everything that was ever committed, leaving it accessible.</summary>
    public void Discard()
    {
        Atomic.Store(ref _discarded, 1);
        for (int group = 0; group < _groupCount; group++)
        {
            if (Atomic.Load(ref _groupStates[group]) != Closed)
            {
                int first = group * GroupChunks;
                int count = Math.Min(GroupChunks, Ranges.Units - first);
                VirtualMemory.Discard(AddressOf(first), (nuint)count << ChunkShift);
                VirtualMemory.Discard(_headers + first, (nuint)count * (nuint)sizeof(ChunkHeader));
                VirtualMemory.Discard(Bitmap(first), (nuint)count * BitmapWords * sizeof(ulong));
            }
        }

        // Not the range allocator's words, which also keep the units beyond the end in use, nor the states of groups.
        VirtualMemory.Discard(PageMap, (nuint)((byte*)_headers - PageMap));
    }

    /// <summary>Leaves the arena to the readers of a closed engine: page map and chunks that were ever taken to the fast paths.</summary>
    /// <remarks>A pointer outside the chunks that were ever taken is no block, but a free may look for it in the page map.</remarks>
    public void Bequeath(Remains steps, Remains looks)
    {
        if (VirtualMemory.ReleasesParts)
        {
            nuint used = (nuint)Ranges.Frontier << ChunkShift;
            nuint before = (nuint)(PageMap - _metadataReservation);
            nuint map = (nuint)(PartialMap - PageMap);
            looks.Add(_reservation, used);
            steps.Add(_reservation + used, Bytes - used);
            looks.Add(PageMap, map);
            steps.Add(_metadataReservation, before);
            steps.Add(PartialMap, _metadataBytes - before - map);
        }
        else
        {
            looks.Add(_reservation, Bytes);
            looks.Add(_metadataReservation, _metadataBytes);
        }

        _reservation = null;
        _metadataReservation = null;
    }

    /// <summary>Unmaps everything. Idempotent; accepts an arena that was never, or only partly, built.</summary>
    public void Release()
    {
        if (_metadataReservation != null)
        {
            VirtualMemory.Release(_metadataReservation, _metadataBytes);
            _metadataReservation = null;
        }

        if (_reservation != null)
        {
            VirtualMemory.Release(_reservation, Bytes);
            _reservation = null;
        }
    }

    private nuint PageAlign(nuint bytes) => (bytes + (nuint)_pageBytes - 1) & ~(nuint)(_pageBytes - 1);

    private bool OpenOrGiveUp(int first, int count)
    {
        for (int group = first / GroupChunks; group <= (first + count - 1) / GroupChunks; group++)
        {
            if (Atomic.Load(ref _groupStates[group]) != Open && !TryOpenGroup(group))
            {
                Ranges.Free(first, count);
                Committed.Transit.Pass();
                return false;
            }
        }

        TakeDirty(first, count);
        return true;
    }

    private bool EvictRuns(int most = int.MaxValue) => Runs is not null && Runs.Evict(Pass + 1, most);

    public long CommittedBytes(int chunk) => (long)BitOperations.PopCount(_headers[chunk].Pages) << _pageShift;
}
