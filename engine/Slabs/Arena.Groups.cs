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
        int groups = Math.Min(_openGroups.Length, (Ranges.Frontier + GroupChunks - 1) / GroupChunks);
        for (int group = 0; group < groups; group++)
        {
            if (Atomic.Load(ref _openGroups[group]) != Open || !Ranges.TryClaim(group * GroupChunks, ChunksOf(group)))
            {
                continue;
            }

            // Nobody else owns a chunk of the group, so nobody else moves its state. A free chunk that is dirty keeps that.
            int first = group * GroupChunks;
            nuint half = (nuint)ChunksOf(group) * BitmapWords * sizeof(ulong);
            VirtualMemory.Discard(Bitmap(first), half);
            if (_marks != null)
            {
                VirtualMemory.Discard(Marks(first), half);
            }

            long returned = (long)BitmapBytesOf(group);
            Atomic.Store(ref _openGroups[group], WithoutBitmaps);
            Committed.Subtract(returned);
            Atomic.Add(ref _metadataCommitted.Value, -returned);
            bytes += returned;
            Ranges.Free(first, ChunksOf(group));
        }

        return bytes;
    }

    private int ChunksOf(int group) => Math.Min(GroupChunks, Ranges.Units - (group * GroupChunks));

    /// <summary>The caller owns a chunk of the group. Several may open it at once.</summary>
    private bool TryOpenGroup(int group)
    {
        int state = Atomic.Load(ref _openGroups[group]);
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
            return false;
        }

        bool accessible = state == WithoutBitmaps
            || (VirtualMemory.Commit(_headers + first, headers)
                && VirtualMemory.Commit(Bitmap(first), half)
                && (_marks == null || VirtualMemory.Commit(Marks(first), half))
                && (!VirtualMemory.DecommitKeepsAccess || VirtualMemory.Commit(AddressOf(first), (nuint)ChunksOf(group) << ChunkShift)));
        if (!accessible || Atomic.CompareExchange(ref _openGroups[group], Open, state) != state)
        {
            // Refused, or somebody else opened it at the same time; making it accessible twice is harmless.
            Committed.Subtract(charge);
            return accessible;
        }

        Atomic.Add(ref _metadataCommitted.Value, charge);
        return true;
    }
}
