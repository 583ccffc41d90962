using System.Runtime.CompilerServices;
using MagAlloc.Concurrency;

namespace MagAlloc.Slabs;

/// <content>Chunks that are free and still committed.</content>
internal sealed unsafe partial class Arena
{
    /// <summary>Decommits free chunks, the highest first.</summary>
    /// <param name="unusedSince">Only those that were freed before this reclaim pass.</param>
    /// <param name="gently">
    /// Only a share of them: what a program frees it mostly takes again, and each page given up too early costs a fault.
    /// </param>
    /// <returns>Whether dirty chunks are left.</returns>
    public bool PurgeDirty(int unusedSince, bool gently = false)
    {
        // Freed runs lie whole until the next pass; they keep the time at which they were freed.
        Runs?.Evict(gently ? Pass : unusedSince);
        long allowed = gently ? Math.Max(DecayFloor, DirtyBytes / DecayDivisor) : long.MaxValue;
        bool left = Runs is not null && Runs.CommittedBytes != 0;
        for (int end = Ranges.Frontier; end > 0;)
        {
            int chunk = new ReadOnlySpan<byte>(_dirty, end).LastIndexOf((byte)1);
            if (chunk < 0)
            {
                break;
            }

            end = chunk;
            long dirty = 0;
            if (allowed <= 0 || _headers[chunk].LastReturn - unusedSince >= 0 || !TryPurge(chunk, out dirty))
            {
                left = true;
            }

            allowed -= dirty;
        }

        return left;
    }

    /// <summary>
    /// Makes room under the peak: before the committed bytes rise above what they ever were, dirty chunks beyond a small share
    /// go. So keeping free memory for the next user never raises the peak by more than that share.
    /// </summary>
    private void MakeRoomUnderPeak(long charge)
    {
        long dirty = DirtyBytes;
        if (dirty > DirtyFloor && Committed.Value + charge > Committed.Peak && dirty > DirtyShareOf(Committed.Value))
        {
            DecommitDirty(charge);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void DecommitDirty(long charge)
    {
        // From the top: low chunks are the first to be taken again. Then runs, one by one: the others shall stay whole.
        do
        {
            for (int end = Ranges.Frontier; charge > 0;)
            {
                int chunk = new ReadOnlySpan<byte>(_dirty, end).LastIndexOf((byte)1);
                if (chunk < 0)
                {
                    break;
                }

                TryPurge(chunk, out long dirty);
                charge -= dirty;
                end = chunk;
            }
        }
        while (charge > 0 && EvictRuns(most: 1));
    }

    /// <summary>Decommits a free chunk.</summary>
    /// <returns>False when somebody else has it.</returns>
    private bool TryPurge(int chunk, out long bytes)
    {
        bytes = 0;
        Committed.Transit.Begin();
        bool claimed = Ranges.TryClaim(chunk, 1);
        if (claimed)
        {
            bytes = TakeDirty(chunk, 1);
            DecommitChunks(chunk, 1);
            Ranges.Free(chunk, 1);
        }

        Committed.Transit.End();
        return claimed;
    }

    /// <summary>A dirty chunk costs no page faults.</summary>
    private bool TryTakeDirtyChunk(out int chunk)
    {
        chunk = Atomic.Load(ref _dirtyBytes.Value) > 0 ? new ReadOnlySpan<byte>(_dirty, Ranges.Frontier).IndexOf((byte)1) : -1;
        return chunk >= 0 && Ranges.TryClaim(chunk, 1);
    }

    private long TakeDirty(int first, int count)
    {
        long bytes = 0;
        for (int chunk = first; chunk < first + count; chunk++)
        {
            if (_dirty[chunk] != 0)
            {
                _dirty[chunk] = 0;
                bytes += CommittedBytes(chunk);
            }
        }

        if (bytes != 0)
        {
            Atomic.Add(ref _dirtyBytes.Value, -bytes);
        }

        return bytes;
    }
}
