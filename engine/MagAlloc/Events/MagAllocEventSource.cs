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
    public void OwnerCreated(long owner, string name, string kind) => WriteFields(1, owner, name, kind);

    [Event(2, Level = EventLevel.Informational, Keywords = Keywords.Owner)]
    public void OwnerDisposed(long owner) => WriteFields(2, owner);

    [Event(3, Version = 1, Level = EventLevel.Informational, Keywords = Keywords.Exchange)]
    public void MagazineExchanged(long owner, int sizeClass, int fromDepot, int toDepot, int depotMagazines, long threadId)
        => WriteFields(3, owner, sizeClass, fromDepot, toDepot, depotMagazines, threadId);

    [Event(4, Level = EventLevel.Informational, Keywords = Keywords.Slab)]
    public void SlabClaimed(long owner, int sizeClass, long address, long bytes) => WriteFields(4, owner, sizeClass, address, bytes);

    [Event(5, Level = EventLevel.Informational, Keywords = Keywords.Slab)]
    public void SlabRetired(long owner, int sizeClass, long address, long bytes) => WriteFields(5, owner, sizeClass, address, bytes);

    [Event(6, Level = EventLevel.Informational, Keywords = Keywords.Reclaim)]
    public void ReclaimStart(long owner) => WriteFields(6, owner);

    [Event(7, Level = EventLevel.Informational, Keywords = Keywords.Reclaim)]
    public void ReclaimStop(long owner, long magazines, long decommittedBytes) => WriteFields(7, owner, magazines, decommittedBytes);

    [Event(8, Level = EventLevel.Informational, Keywords = Keywords.Commit)]
    public void Committed(long owner, long bytes, long committedBytes) => WriteFields(8, owner, bytes, committedBytes);

    [Event(9, Level = EventLevel.Informational, Keywords = Keywords.Commit)]
    public void Decommitted(long owner, long bytes, long committedBytes) => WriteFields(9, owner, bytes, committedBytes);

    [Event(10, Level = EventLevel.Informational, Keywords = Keywords.Reclaim)]
    public void Trimmed(long owner, long bytes) => WriteFields(10, owner, bytes);

    [Event(11, Level = EventLevel.Informational, Keywords = Keywords.Thread)]
    public void ThreadAttached(long owner, int threads) => WriteFields(11, owner, threads);

    [Event(12, Level = EventLevel.Informational, Keywords = Keywords.Thread)]
    public void ThreadDetached(long owner, int threads) => WriteFields(12, owner, threads);

    [Event(13, Level = EventLevel.Informational, Keywords = Keywords.Fault)]
    public void FaultInjected(string point, long occurrence) => WriteFields(13, point, occurrence);

    [Event(14, Level = EventLevel.Warning, Keywords = Keywords.Memory)]
    public void OutOfMemory(long owner, long requestedBytes) => WriteFields(14, owner, requestedBytes);

    [Event(15, Level = EventLevel.Error, Keywords = Keywords.Misuse)]
    public void MisuseFound(long owner, string kind, long address) => WriteFields(15, owner, kind, address);

    [Event(16, Level = EventLevel.Warning, Keywords = Keywords.Leak)]
    public void LeakFound(long owner, long address, long bytes) => WriteFields(16, owner, address, bytes);

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
        => WriteFields(
            18,
            owner,
            allocatedBytes,
            threadCachedBytes,
            depotCachedBytes,
            committedBytes,
            reservedBytes,
            peakCommittedBytes,
            depotMagazines,
            depotExchanges,
            reclaimedMagazines,
            threads,
            injectedFaults);

    [Event(19, Level = EventLevel.Verbose, Keywords = Keywords.Statistics)]
    public void ClassStatistics(long owner, int sizeClass, long blockBytes, long allocatedBlocks, long cachedBlocks, long slabs, long wasteBytes)
        => WriteFields(19, owner, sizeClass, blockBytes, allocatedBlocks, cachedBlocks, slabs, wasteBytes);

    /// <summary>Writes a payload out of the stack. At most two of its fields are strings.</summary>
    [NonEvent]
    private void WriteFields(int id, params ReadOnlySpan<Field> fields)
    {
        EventData* data = stackalloc EventData[fields.Length];
        long* numbers = stackalloc long[fields.Length];
        fixed (char* first = TextOf(fields, 0), second = TextOf(fields, 1))
        {
            int texts = 0;
            for (int i = 0; i < fields.Length; i++)
            {
                numbers[i] = fields[i].Number;
                data[i].DataPointer = fields[i].Text is null ? (nint)(numbers + i) : (nint)(texts++ == 0 ? first : second);
                data[i].Size = fields[i].Bytes;
            }

            Write(id, fields.Length, data);
        }
    }

    [NonEvent]
    private static string? TextOf(ReadOnlySpan<Field> fields, int index)
    {
        foreach (ref readonly Field field in fields)
        {
            if (field.Text is not null && index-- == 0)
            {
                return field.Text;
            }
        }

        return null;
    }

    [NonEvent]
    private static EventData Data(long* value) => new() { DataPointer = (nint)value, Size = sizeof(long) };

    [NonEvent]
    private static EventData Data(int* value) => new() { DataPointer = (nint)value, Size = sizeof(int) };

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

    private readonly struct Field(long number, int bytes, string? text)
    {
        // Of a number the low bytes come first, on every processor that .NET runs on.
        public readonly long Number = number;
        public readonly int Bytes = bytes;
        public readonly string? Text = text;

        public static implicit operator Field(long value) => new(value, sizeof(long), null);

        public static implicit operator Field(int value) => new(value, sizeof(int), null);

        public static implicit operator Field(string value) => new(0, (value.Length + 1) * sizeof(char), value);
    }

    [InlineArray(5)]
    private struct FiveFields
    {
        private EventData _first;
    }
}
