using System.Diagnostics.CodeAnalysis;
using System.Diagnostics.Tracing;

namespace MagAlloc.Events;

/// <content>Events of exportable buffers. A frame that is handed over is none: they are counted in <see cref="BufferStatistics"/>.</content>
internal sealed unsafe partial class MagAllocEventSource
{
    [Event(20, Level = EventLevel.Informational, Keywords = Keywords.Buffers)]
    public void BufferCreated(long owner, int index, long bytes, string profile)
    {
        fixed (char* profilePin = profile)
        {
            EventData* data = stackalloc EventData[4];
            data[0] = Data(&owner);
            data[1] = Data(&index);
            data[2] = Data(&bytes);
            data[3] = Data(profilePin, profile);
            Write(20, 4, data);
        }
    }

    [Event(21, Level = EventLevel.Informational, Keywords = Keywords.Buffers)]
    public void BufferExported(long owner, int index, int process, string access)
    {
        fixed (char* accessPin = access)
        {
            EventData* data = stackalloc EventData[4];
            data[0] = Data(&owner);
            data[1] = Data(&index);
            data[2] = Data(&process);
            data[3] = Data(accessPin, access);
            Write(21, 4, data);
        }
    }

    [Event(22, Level = EventLevel.Informational, Keywords = Keywords.Buffers)]
    public void BufferReleased(long owner, int index, long bytes, int held)
    {
        EventData* data = stackalloc EventData[4];
        data[0] = Data(&owner);
        data[1] = Data(&index);
        data[2] = Data(&bytes);
        data[3] = Data(&held);
        Write(22, 4, data);
    }

    [Event(23, Level = EventLevel.Warning, Keywords = Keywords.Buffers)]
    public void BufferRevoked(long owner, int index, long bytes) => WriteBuffer(23, owner, index, bytes);

    [Event(24, Level = EventLevel.Informational, Keywords = Keywords.Buffers)]
    public void BufferReclaimed(long owner, int index, long bytes, long microseconds)
    {
        EventData* data = stackalloc EventData[4];
        data[0] = Data(&owner);
        data[1] = Data(&index);
        data[2] = Data(&bytes);
        data[3] = Data(&microseconds);
        Write(24, 4, data);
    }

    [Event(25, Level = EventLevel.Informational, Keywords = Keywords.Buffers)]
    public void ImporterConnected(long owner, int process, long user) => WriteBuffer(25, owner, process, user);

    [Event(26, Version = 1, Level = EventLevel.Informational, Keywords = Keywords.Buffers)]
    public void ImporterGone(long owner, int process, long buffers, string reason)
    {
        fixed (char* reasonPin = reason)
        {
            EventData* data = stackalloc EventData[4];
            data[0] = Data(&owner);
            data[1] = Data(&process);
            data[2] = Data(&buffers);
            data[3] = Data(reasonPin, reason);
            Write(26, 4, data);
        }
    }

    [Event(27, Level = EventLevel.Warning, Keywords = Keywords.Buffers)]
    public void QuotaExceeded(long owner, string quota, long used, long limit, long requested)
    {
        fixed (char* quotaPin = quota)
        {
            EventData* data = stackalloc EventData[5];
            data[0] = Data(&owner);
            data[1] = Data(quotaPin, quota);
            data[2] = Data(&used);
            data[3] = Data(&limit);
            data[4] = Data(&requested);
            Write(27, 5, data);
        }
    }

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
    {
        EventData* data = stackalloc EventData[10];
        data[0] = Data(&owner);
        data[1] = Data(&liveBuffers);
        data[2] = Data(&orphanedBuffers);
        data[3] = Data(&orphanedBytes);
        data[4] = Data(&revokedBuffers);
        data[5] = Data(&importers);
        data[6] = Data(&handOvers);
        data[7] = Data(&acknowledgements);
        data[8] = Data(&revocations);
        data[9] = Data(&reclaims);
        Write(28, 10, data);
    }

    [NonEvent]
    private void WriteBuffer(int id, long owner, int second, long third)
    {
        EventData* data = stackalloc EventData[3];
        data[0] = Data(&owner);
        data[1] = Data(&second);
        data[2] = Data(&third);
        Write(id, 3, data);
    }
}
