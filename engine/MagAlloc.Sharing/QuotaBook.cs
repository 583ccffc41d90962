namespace MagAlloc.Sharing;

/// <summary>What a queue's buffers take, and what they may. Guarded by the queue's lock; asks nobody.</summary>
/// <remarks>
/// Checked where buffers are made. Live and orphaned bytes together are held to the orphans' quota then, because every live buffer may be an orphan
/// by the next release, which must not fail. So at any time orphaned bytes are at most that quota, whatever importers do.
/// </remarks>
internal sealed class QuotaBook(BufferQueueOptions options)
{
    public int LiveBuffers { get; private set; }

    public long LiveBytes { get; private set; }

    public int OrphanedBuffers { get; private set; }

    public long OrphanedBytes { get; private set; }

    public int RevokedBuffers { get; private set; }

    public long PeakBytes { get; private set; }

    public int ReleasedBuffers => OrphanedBuffers + RevokedBuffers;

    /// <summary>The quota that so many more buffers would exceed, if any.</summary>
    public QuotaRefusal? RefusalOf(int count, long bytesOfOne)
    {
        // Any length is asked for; a sum of lengths need not be a number.
        UInt128 wanted = (UInt128)count * (UInt128)bytesOfOne;
        long bytes = (long)UInt128.Min(wanted, long.MaxValue);
        long buffers = LiveBuffers + ReleasedBuffers;
        if (count > options.MaxBuffers - LiveBuffers)
        {
            return new QuotaRefusal(BufferQuota.Buffers, LiveBuffers, options.MaxBuffers, count);
        }

        if (count > options.MaxBuffers + options.MaxReleased - buffers)
        {
            return new QuotaRefusal(BufferQuota.ReleasedBuffers, buffers, options.MaxBuffers + options.MaxReleased, count);
        }

        if (bytes > options.ByteLimit - LiveBytes)
        {
            return new QuotaRefusal(BufferQuota.LiveBytes, LiveBytes, options.ByteLimit, bytes);
        }

        return bytes > options.OrphanBytes - LiveBytes - OrphanedBytes
            ? new QuotaRefusal(BufferQuota.OrphanedBytes, LiveBytes + OrphanedBytes, options.OrphanBytes, bytes)
            : null;
    }

    /// <summary>Whether releasing what is still held can help against a refusal.</summary>
    public static bool DependsOnReleased(QuotaRefusal refusal) => refusal.Quota is BufferQuota.ReleasedBuffers or BufferQuota.OrphanedBytes;

    /// <summary>Buffers are about to be made, within the quotas.</summary>
    public void Add(int count, long bytesOfOne)
    {
        LiveBuffers += count;
        LiveBytes += count * bytesOfOne;
    }

    /// <summary>They are made, and what was not made is not counted any more.</summary>
    public void NotePeak() => PeakBytes = Math.Max(PeakBytes, LiveBytes + OrphanedBytes);

    /// <summary>Live buffers are gone, or were never made.</summary>
    public void Remove(int count, long bytesOfOne)
    {
        LiveBuffers -= count;
        LiveBytes -= count * bytesOfOne;
    }

    public void Orphan(long bytes)
    {
        Remove(1, bytes);
        OrphanedBuffers++;
        OrphanedBytes += bytes;
    }

    /// <summary>An orphan's pages are gone.</summary>
    public void Revoke(long bytes)
    {
        OrphanedBuffers--;
        OrphanedBytes -= bytes;
        RevokedBuffers++;
    }

    /// <summary>A released buffer is gone.</summary>
    /// <param name="bytes">Its bytes.</param>
    /// <param name="wasRevoked">They were gone before.</param>
    public void Reclaim(long bytes, bool wasRevoked)
    {
        if (wasRevoked)
        {
            RevokedBuffers--;
        }
        else
        {
            OrphanedBuffers--;
            OrphanedBytes -= bytes;
        }
    }
}
