using System.Diagnostics.CodeAnalysis;
using System.Diagnostics.Tracing;
using System.Runtime.CompilerServices;

namespace MagAlloc.Events;

/// <summary>The events of MagAlloc: provider <c>MagAlloc</c> of EventPipe, ETW and <see cref="EventListener"/>.</summary>
/// <remarks>
/// <para><b>Rules.</b> Ids, names and payloads are a format that traces on disk keep for ever: fields are appended, with a new
/// version, and never changed. All but strings is written out of the stack, and strings are pinned: an event allocates no managed memory
/// (an <see cref="EventListener"/> boxes for itself).</para>
/// <para><b>Where from.</b> Only slow paths raise events, each behind one test of <see cref="EventSource.IsEnabled(EventLevel, EventKeywords)"/>
/// on a static readonly object, which the compiler folds to one load of a field. They are raised where the engine tolerates a nested
/// call of its own: an <see cref="EventListener"/> runs in the middle of the operation that raised the event, and may allocate and
/// free. Events of such nested calls are dropped (<see cref="EventGuard"/>).</para>
/// </remarks>
[EventSource(Name = SourceName)]
internal sealed unsafe partial class MagAllocEventSource : EventSource
{
    public const string SourceName = "MagAlloc";

    public static readonly MagAllocEventSource Log = new();

    private MagAllocEventSource()
    {
    }

    /// <summary>What a session may choose from. Part of the format.</summary>
    public static class Keywords
    {
        public const EventKeywords Owner = (EventKeywords)0x1;
        public const EventKeywords Exchange = (EventKeywords)0x2;
        public const EventKeywords Slab = (EventKeywords)0x4;
        public const EventKeywords Reclaim = (EventKeywords)0x8;
        public const EventKeywords Commit = (EventKeywords)0x10;
        public const EventKeywords Thread = (EventKeywords)0x20;
        public const EventKeywords Fault = (EventKeywords)0x40;
        public const EventKeywords Memory = (EventKeywords)0x80;
        public const EventKeywords Misuse = (EventKeywords)0x100;
        public const EventKeywords Leak = (EventKeywords)0x200;
        public const EventKeywords Sample = (EventKeywords)0x400;
        public const EventKeywords Statistics = (EventKeywords)0x800;
        public const EventKeywords Buffers = (EventKeywords)0x1000;
    }

    [Event(1, Level = EventLevel.Informational, Keywords = Keywords.Owner)]
    public void OwnerCreated(long owner, string name, string kind)
    {
        fixed (char* namePin = name, kindPin = kind)
        {
            EventData* data = stackalloc EventData[3];
            data[0] = Data(&owner);
            data[1] = Data(namePin, name);
            data[2] = Data(kindPin, kind);
            Write(1, 3, data);
        }
    }

    [Event(2, Level = EventLevel.Informational, Keywords = Keywords.Owner)]
    public void OwnerDisposed(long owner)
    {
        EventData data = Data(&owner);
        Write(2, 1, &data);
    }

    [Event(3, Version = 1, Level = EventLevel.Informational, Keywords = Keywords.Exchange)]
    public void MagazineExchanged(long owner, int sizeClass, int fromDepot, int toDepot, int depotMagazines, long threadId)
    {
        EventData* data = stackalloc EventData[6];
        data[0] = Data(&owner);
        data[1] = Data(&sizeClass);
        data[2] = Data(&fromDepot);
        data[3] = Data(&toDepot);
        data[4] = Data(&depotMagazines);
        data[5] = Data(&threadId);
        Write(3, 6, data);
    }

    [Event(4, Level = EventLevel.Informational, Keywords = Keywords.Slab)]
    public void SlabClaimed(long owner, int sizeClass, long address, long bytes) => WriteSlab(4, owner, sizeClass, address, bytes);

    [Event(5, Level = EventLevel.Informational, Keywords = Keywords.Slab)]
    public void SlabRetired(long owner, int sizeClass, long address, long bytes) => WriteSlab(5, owner, sizeClass, address, bytes);

    [Event(6, Level = EventLevel.Informational, Keywords = Keywords.Reclaim)]
    public void ReclaimStart(long owner)
    {
        EventData data = Data(&owner);
        Write(6, 1, &data);
    }

    [Event(7, Level = EventLevel.Informational, Keywords = Keywords.Reclaim)]
    public void ReclaimStop(long owner, long magazines, long decommittedBytes) => WriteThree(7, owner, magazines, decommittedBytes);

    [Event(8, Level = EventLevel.Informational, Keywords = Keywords.Commit)]
    public void Committed(long owner, long bytes, long committedBytes) => WriteThree(8, owner, bytes, committedBytes);

    [Event(9, Level = EventLevel.Informational, Keywords = Keywords.Commit)]
    public void Decommitted(long owner, long bytes, long committedBytes) => WriteThree(9, owner, bytes, committedBytes);

    [Event(10, Level = EventLevel.Informational, Keywords = Keywords.Reclaim)]
    public void Trimmed(long owner, long bytes) => WriteTwo(10, owner, bytes);

    [Event(11, Level = EventLevel.Informational, Keywords = Keywords.Thread)]
    public void ThreadAttached(long owner, int threads) => WriteThreads(11, owner, threads);

    [Event(12, Level = EventLevel.Informational, Keywords = Keywords.Thread)]
    public void ThreadDetached(long owner, int threads) => WriteThreads(12, owner, threads);

    [Event(13, Level = EventLevel.Informational, Keywords = Keywords.Fault)]
    public void FaultInjected(string point, long occurrence)
    {
        fixed (char* pointPin = point)
        {
            EventData* data = stackalloc EventData[2];
            data[0] = Data(pointPin, point);
            data[1] = Data(&occurrence);
            Write(13, 2, data);
        }
    }

    [Event(14, Level = EventLevel.Warning, Keywords = Keywords.Memory)]
    public void OutOfMemory(long owner, long requestedBytes) => WriteTwo(14, owner, requestedBytes);

    [Event(15, Level = EventLevel.Error, Keywords = Keywords.Misuse)]
    public void MisuseFound(long owner, string kind, long address)
    {
        fixed (char* kindPin = kind)
        {
            EventData* data = stackalloc EventData[3];
            data[0] = Data(&owner);
            data[1] = Data(kindPin, kind);
            data[2] = Data(&address);
            Write(15, 3, data);
        }
    }

    [Event(16, Level = EventLevel.Warning, Keywords = Keywords.Leak)]
    public void LeakFound(long owner, long address, long bytes) => WriteThree(16, owner, address, bytes);

    /// <remarks>
    /// May come thousands of times a second, and each frame is one more to walk: so neither this method nor <see cref="Write"/> has one.
    /// Hence no <c>stackalloc</c>, with which a method is not inlined.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    [Event(17, Level = EventLevel.Informational, Keywords = Keywords.Sample)]
    public void AllocationSampled(long owner, int sizeClass, long bytes, long weightBytes, long address)
    {
        FiveFields data = default;
        data[0] = Data(&owner);
        data[1] = Data(&sizeClass);
        data[2] = Data(&bytes);
        data[3] = Data(&weightBytes);
        data[4] = Data(&address);
        Write(17, 5, (EventData*)&data);
    }

    [SuppressMessage("Maintainability", "CA1502", Justification = "The payload is the format.")]
    [Event(18, Level = EventLevel.Informational, Keywords = Keywords.Statistics)]
    public void OwnerStatistics(
        long owner,
        long allocatedBytes,
        long threadCachedBytes,
        long depotCachedBytes,
        long committedBytes,
        long reservedBytes,
        long peakCommittedBytes,
        long depotMagazines,
        long depotExchanges,
        long reclaimedMagazines,
        int threads,
        long injectedFaults)
    {
        EventData* data = stackalloc EventData[12];
        data[0] = Data(&owner);
        data[1] = Data(&allocatedBytes);
        data[2] = Data(&threadCachedBytes);
        data[3] = Data(&depotCachedBytes);
        data[4] = Data(&committedBytes);
        data[5] = Data(&reservedBytes);
        data[6] = Data(&peakCommittedBytes);
        data[7] = Data(&depotMagazines);
        data[8] = Data(&depotExchanges);
        data[9] = Data(&reclaimedMagazines);
        data[10] = Data(&threads);
        data[11] = Data(&injectedFaults);
        Write(18, 12, data);
    }

    [Event(19, Level = EventLevel.Verbose, Keywords = Keywords.Statistics)]
    public void ClassStatistics(
        long owner, int sizeClass, long blockBytes, long allocatedBlocks, long cachedBlocks, long slabs, long wasteBytes)
    {
        EventData* data = stackalloc EventData[7];
        data[0] = Data(&owner);
        data[1] = Data(&sizeClass);
        data[2] = Data(&blockBytes);
        data[3] = Data(&allocatedBlocks);
        data[4] = Data(&cachedBlocks);
        data[5] = Data(&slabs);
        data[6] = Data(&wasteBytes);
        Write(19, 7, data);
    }

    [NonEvent]
    private void WriteSlab(int id, long owner, int sizeClass, long address, long bytes)
    {
        EventData* data = stackalloc EventData[4];
        data[0] = Data(&owner);
        data[1] = Data(&sizeClass);
        data[2] = Data(&address);
        data[3] = Data(&bytes);
        Write(id, 4, data);
    }

    [NonEvent]
    private void WriteThreads(int id, long owner, int threads)
    {
        EventData* data = stackalloc EventData[2];
        data[0] = Data(&owner);
        data[1] = Data(&threads);
        Write(id, 2, data);
    }

    [NonEvent]
    private void WriteTwo(int id, long owner, long second)
    {
        EventData* data = stackalloc EventData[2];
        data[0] = Data(&owner);
        data[1] = Data(&second);
        Write(id, 2, data);
    }

    [NonEvent]
    private void WriteThree(int id, long owner, long second, long third)
    {
        EventData* data = stackalloc EventData[3];
        data[0] = Data(&owner);
        data[1] = Data(&second);
        data[2] = Data(&third);
        Write(id, 3, data);
    }

    [NonEvent]
    private static EventData Data(long* value) => new() { DataPointer = (nint)value, Size = sizeof(long) };

    [NonEvent]
    private static EventData Data(int* value) => new() { DataPointer = (nint)value, Size = sizeof(int) };

    [NonEvent]
    private static EventData Data(char* pinned, string value) => new() { DataPointer = (nint)pinned, Size = (value.Length + 1) * sizeof(char) };

    [NonEvent]
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "Payloads are numbers and strings: nothing is serialised by reflection.")]
    private void Write(int id, int count, EventData* data)
    {
        if (EventGuard.t_depth != 0)
        {
            return;
        }

        EventGuard.t_depth = 1;
        try
        {
            WriteEventCore(id, count, data);
        }
        finally
        {
            EventGuard.t_depth = 0;
        }
    }

    [InlineArray(5)]
    private struct FiveFields
    {
        private EventData _first;
    }
}
