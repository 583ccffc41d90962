using MagAlloc.Events;
using MagAlloc.Magazines;
using MagAlloc.Slabs;

namespace MagAlloc;

/// <content>What sizes magazines and batches have, and what is said when there is no room.</content>
internal unsafe partial class BlockCore<TSource>
{
    // The bytes in a magazine are bounded, so that no thread hoards megabytes. Of classes with a few blocks in a magazine
    // nearly every free and allocation of random sizes would be an exchange: at 12 KiB they cost twice as much.
    private const int MagazineByteLimit = 48 * 1024;

    // The largest batch out of a slab: more would be committed long before it is used.
    private const int BatchByteLimit = 16 * 1024;

    // Blocks that share a cache line, or the pair of lines that is fetched at once, shall go to the same thread.
    private const int LineBytes = 128;

    // Hundreds of heaps have filled the addresses themselves. To fill the crumbs as well costs the process its mappings, of which there are 65,530.
    private const int CrowdOfOwners = 256;
    private const long LeastInACrowd = 1L << 30;

    private static nuint LeastBytes()
        => (nuint)(OwnerRegistry.Instance.Living.Take(CrowdOfOwners).Count() < CrowdOfOwners ? NativeHeapOptions.MinimumReservedBytes : LeastInACrowd);

    private OutOfMemoryException NoRoom(long asked, OutOfMemoryException refused) => new(
        asked != 0
            ? $"{Name}: {refused.Message} {nameof(NativeHeapOptions.ReservedBytes)} asks for {asked}: ask for fewer, or leave it 0, which takes what there is."
            : $"{Name}: {refused.Message} The process has no room for the smallest {Kind}: raise its limit (ulimit -v), or dispose of others.",
        refused);

    private static MagazineClass MagazineClassOf(SlabClass slab, bool constructed)
    {
        int bytes = slab.BlockBytes;
        int capacity = bytes > SizeClasses.LargestShared ? 1 : Math.Clamp(MagazineByteLimit / bytes, 2, Magazine.Slots);
        int largest = Math.Clamp(BatchByteLimit / bytes, 1, capacity);

        // A constructor that throws now and then must be able to succeed for the first block of a slab, and not only for several
        // at a time: the slab is retired if none of its blocks leaves it, and with it goes what was constructed.
        int smallest = constructed ? 1 : Math.Clamp(LineBytes / bytes, 1, largest);
        return new MagazineClass(capacity, (long)capacity * bytes, largest, smallest);
    }
}
