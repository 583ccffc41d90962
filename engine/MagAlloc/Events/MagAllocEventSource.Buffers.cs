using System.Diagnostics.CodeAnalysis;
using System.Diagnostics.Tracing;

namespace MagAlloc.Events;

/// <content>Events of exportable buffers. A frame that is handed over is none: they are counted in <see cref="BufferStatistics"/>.</content>
internal sealed unsafe partial class MagAllocEventSource
{
    [Event(20, Level = EventLevel.Informational, Keywords = Keywords.Buffers)]
    public void BufferCreated(long owner, int index, long bytes, string profile) => WriteFields(20, owner, index, bytes, profile);

    [Event(21, Level = EventLevel.Informational, Keywords = Keywords.Buffers)]
    public void BufferExported(long owner, int index, int process, string access) => WriteFields(21, owner, index, process, access);

    [Event(22, Level = EventLevel.Informational, Keywords = Keywords.Buffers)]
    public void BufferReleased(long owner, int index, long bytes, int held) => WriteFields(22, owner, index, bytes, held);

    [Event(23, Level = EventLevel.Warning, Keywords = Keywords.Buffers)]
    public void BufferRevoked(long owner, int index, long bytes) => WriteFields(23, owner, index, bytes);

    [Event(24, Level = EventLevel.Informational, Keywords = Keywords.Buffers)]
    public void BufferReclaimed(long owner, int index, long bytes, long microseconds) => WriteFields(24, owner, index, bytes, microseconds);

    [Event(25, Level = EventLevel.Informational, Keywords = Keywords.Buffers)]
    public void ImporterConnected(long owner, int process, long user) => WriteFields(25, owner, process, user);

    [Event(26, Version = 1, Level = EventLevel.Informational, Keywords = Keywords.Buffers)]
    public void ImporterGone(long owner, int process, long buffers, string reason) => WriteFields(26, owner, process, buffers, reason);

    [Event(27, Level = EventLevel.Warning, Keywords = Keywords.Buffers)]
    public void QuotaExceeded(long owner, string quota, long used, long limit, long requested) => WriteFields(27, owner, quota, used, limit, requested);

    [SuppressMessage("Maintainability", "CA1502", Justification = "The payload is the format.")]
    [Event(28, Level = EventLevel.Informational, Keywords = Keywords.Statistics)]
    public void BufferStatistics(
        long owner,
        int liveBuffers,
        int orphanedBuffers,
        long orphanedBytes,
        int revokedBuffers,
        int importers,
        long handOvers,
        long acknowledgements,
        long revocations,
        long reclaims)
        => WriteFields(
            28, owner, liveBuffers, orphanedBuffers, orphanedBytes, revokedBuffers, importers, handOvers, acknowledgements, revocations, reclaims);
}
