using MagAlloc.Sharing.Platform;

namespace MagAlloc.Sharing;

/// <summary>What buffers are made like.</summary>
/// <param name="Bytes">Length of each, in whole pages of the kind asked for.</param>
/// <param name="Profile">What they promise.</param>
/// <param name="Pages">What they are made of.</param>
internal readonly record struct BufferFormat(long Bytes, BufferProfile Profile, BufferPages Pages)
{
    /// <summary>Size and alignment of the pages, in bytes.</summary>
    public long PageBytes => PageBytesOf(Pages);

    /// <summary>The format for a length that was asked for.</summary>
    /// <exception cref="BufferException">An argument is out of range.</exception>
    public static BufferFormat For(string queue, long length, BufferProfile profile, BufferPages pages)
    {
        if (!Enum.IsDefined(profile) || !Enum.IsDefined(pages))
        {
            throw new BufferException(BufferError.Invalid, $"{queue}: profile {profile} or pages {pages} do not exist.");
        }

        if (profile == BufferProfile.Stable && pages == BufferPages.ReservedHuge)
        {
            // Whoever touches a hole of a file, a writing importer's included, takes a page; where the pool has none, that is SIGBUS, and not zeros.
            throw new BufferException(
                BufferError.Invalid,
                $"{queue}: stable buffers cannot be of reserved huge pages, for which nothing can stand in once they are dropped: ask for transparent ones, or for "
                + "immutable or revocable buffers.");
        }

        long page = PageBytesOf(pages);
        if (length < 1 || length > long.MaxValue - page)
        {
            throw new BufferException(BufferError.Invalid, $"{queue}: a length of {length} bytes is out of range: it is from 1 to {long.MaxValue - page}.");
        }

        return new BufferFormat((length + page - 1) / page * page, profile, pages);
    }

    private static long PageBytesOf(BufferPages pages) => pages switch
    {
        BufferPages.TransparentHuge => HugePages.TransparentBytes,
        BufferPages.ReservedHuge => HugePages.ReservedBytes,
        _ => Environment.SystemPageSize,
    };
}
