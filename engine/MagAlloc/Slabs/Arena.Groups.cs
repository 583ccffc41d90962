using MagAlloc.Concurrency;
using MagAlloc.Platform;

namespace MagAlloc.Slabs;

/// <content>Metadata by groups of chunks: made accessible with the first chunk taken, given back with the last one freed.</content>
internal sealed unsafe partial class Arena
{
    private nuint BitmapBytesOf(int group)
        => (nuint)ChunksOf(group) * BitmapWords * sizeof(ulong) * (_marks != null ? 2u : 1u);

    /// <summary>Returns the slab bitmaps of groups without a chunk in use to the operating system.</summary>
    /// <remarks>
    /// The headers stay: the generations in them are what keeps a slab's state free of ABA. A bitmap means nothing while its
    /// chunk is free; making a slab writes all of it.
    /// </remarks>
    /// <returns>Bytes returned.</returns>
    public long TrimMetadata()
    {
        if (GroupChunks * BitmapWords * sizeof(ulong) % _pageBytes != 0)
        {
            return 0;
        }

        long bytes = 0;
        int groups = Math.Min(_groupCount, (Ranges.Frontier + GroupChunks - 1) / GroupChunks);
        for (int group = 0; group < groups; group++)
        {
            if (Atomic.Load(ref _groupStates[group]) == Open)
            {
                Committed.Transit.Begin();
                bytes += TrimGroup(group);
                Committed.Transit.End();
            }
        }

        return bytes;
    }

    private long TrimGroup(int group)
    {
        int first = group * GroupChunks;
        int chunks = ChunksOf(group);
        if (!Ranges.TryClaim(first, chunks))
        {
            return 0;
        }

        // Nobody else owns a chunk of the group, so nobody else moves its state; another trimmer may have, between the look and the
        // claim. A free chunk that is dirty keeps that.
        long returned = 0;
        if (Atomic.Load(ref _groupStates[group]) == Open)
        {
            nuint half = (nuint)chunks * BitmapWords * sizeof(ulong);
            VirtualMemory.Discard(Bitmap(first), half);
            if (_marks != null)
            {
                VirtualMemory.Discard(Marks(first), half);
            }

            returned = (long)BitmapBytesOf(group);
            Atomic.Store(ref _groupStates[group], WithoutBitmaps);
            Committed.Subtract(returned);
            Atomic.Add(ref _metadataCommitted.Value, -returned);
        }

        Ranges.Free(first, chunks);
        return returned;
    }

    private int ChunksOf(int group) => Math.Min(GroupChunks, Ranges.Units - (group * GroupChunks));

    /// <summary>The caller owns a chunk of the group. Several may open it at once, and one of them keeps its charge.</summary>
    private bool TryOpenGroup(int group)
    {
        Committed.Transit.Begin();
        bool opened = TryOpenGroupCharged(group);
        Committed.Transit.End();
        return opened;
    }

    private bool TryOpenGroupCharged(int group)
    {
        byte state = Atomic.Load(ref _groupStates[group]);
        if (state == Open)
        {
            return true;
        }

        int first = group * GroupChunks;
        nuint headers = (nuint)ChunksOf(group) * (nuint)sizeof(ChunkHeader);
        nuint half = (nuint)ChunksOf(group) * BitmapWords * sizeof(ulong);
        long charge = (long)BitmapBytesOf(group);
        if (state == Closed)
        {
            charge += (long)headers + (group % GroupsPerMapPage == 0 ? MapCount * _pageBytes : 0);
        }

        if (FaultPlan.Fails(_faults, FaultPoint.Metadata) || !Committed.TryAdd(charge))
        {
            // Somebody else may have opened it meanwhile, with the last bytes that the limit left.
            return Atomic.Load(ref _groupStates[group]) == Open;
        }

        bool accessible = state == WithoutBitmaps
            || (TryMakeAccessible(_headers + first, headers)
                && TryMakeAccessible(Bitmap(first), half)
                && (_marks == null || TryMakeAccessible(Marks(first), half))
                && (!VirtualMemory.DecommitKeepsAccess || VirtualMemory.Commit(AddressOf(first), (nuint)ChunksOf(group) << ChunkShift)));
        if (!accessible || Atomic.CompareExchange(ref _groupStates[group], Open, state) != state)
        {
            // Refused, or somebody else opened it at the same time; making it accessible twice is harmless.
            Committed.Subtract(charge);
            return accessible;
        }

        Atomic.Add(ref _metadataCommitted.Value, charge);
        return true;
    }

    /// <summary>Where pages are large, a group's share of an array is no whole number of them; a neighbour's share does no harm.</summary>
    private bool TryMakeAccessible(void* address, nuint bytes)
    {
        nuint mask = (nuint)_pageBytes - 1;
        nuint start = (nuint)address & ~mask;
        return VirtualMemory.Commit((void*)start, ((nuint)address + bytes + mask - start) & ~mask);
    }
}
