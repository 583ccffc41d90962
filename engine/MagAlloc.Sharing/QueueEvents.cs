using System.Diagnostics;
using System.Diagnostics.Tracing;
using System.Runtime.Versioning;
using MagAlloc.Events;

namespace MagAlloc.Sharing;

/// <summary>
/// Tells of what happens to a queue's buffers. A listener runs inside the event, and may ask for the books: the queue's
/// lock is one that its holder may take again.
/// </summary>
/// <param name="id">The queue's number in events.</param>
[SupportedOSPlatform("linux")]
internal sealed class QueueEvents(long id)
{
    /// <summary>
    /// An event is told under the queue's lock; the other locks, and an importer's turn to be read, are taken first.
    /// </summary>
    public static void RequireNoListener() => EventGuard.RequireNotWriting("make, export, queue, dequeue or release buffers, or disconnect importers");

    public void Created(SharedBuffer buffer)
    {
        if (IsHeard(EventLevel.Informational))
        {
            MagAllocEventSource.Log.BufferCreated(id, buffer.Index, buffer.Bytes, buffer.Format.Profile.ToString());
        }
    }

    public void Exported(SharedBuffer buffer, BufferPeer peer, BufferAccess access)
    {
        if (IsHeard(EventLevel.Informational))
        {
            MagAllocEventSource.Log.BufferExported(id, buffer.Index, peer.ProcessId, access.ToString());
        }
    }

    /// <summary>Whose it will be nobody knows.</summary>
    public void DmaBufExported(SharedBuffer buffer)
    {
        if (IsHeard(EventLevel.Informational))
        {
            MagAllocEventSource.Log.BufferExported(id, buffer.Index, 0, "DmaBuf");
        }
    }

    public void Released(SharedBuffer buffer, bool isHeld)
    {
        if (IsHeard(EventLevel.Informational))
        {
            MagAllocEventSource.Log.BufferReleased(id, buffer.Index, buffer.Bytes, isHeld ? 1 : 0);
        }
    }

    public void Revoked(SharedBuffer buffer)
    {
        if (IsHeard(EventLevel.Warning))
        {
            MagAllocEventSource.Log.BufferRevoked(id, buffer.Index, buffer.Bytes);
        }
    }

    public void Reclaimed(SharedBuffer buffer, long ticks)
    {
        if (IsHeard(EventLevel.Informational))
        {
            MagAllocEventSource.Log.BufferReclaimed(id, buffer.Index, buffer.Bytes, ticks * 1_000_000 / Stopwatch.Frequency);
        }
    }

    public void Connected(BufferPeer peer)
    {
        if (IsHeard(EventLevel.Informational))
        {
            MagAllocEventSource.Log.ImporterConnected(id, peer.ProcessId, peer.UserId);
        }
    }

    public void Gone(BufferPeer peer)
    {
        if (IsHeard(EventLevel.Informational))
        {
            MagAllocEventSource.Log.ImporterGone(id, peer.ProcessId, peer.Claims.Count, peer.End.ToString());
        }
    }

    public void Refused(QuotaRefusal refusal)
    {
        if (IsHeard(EventLevel.Warning))
        {
            MagAllocEventSource.Log.QuotaExceeded(id, refusal.Quota.ToString(), refusal.Used, refusal.Limit, refusal.Requested);
        }
    }

    private static bool IsHeard(EventLevel level) => MagAllocEventSource.Log.IsEnabled(level, MagAllocEventSource.Keywords.Buffers);
}
