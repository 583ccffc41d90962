namespace MagAlloc.Tool.Analysis.Reading;

/// <summary>Ids of the engine's events: a format that traces on disk keep for ever, so they are read by these and not by the engine of today.</summary>
internal static class EventId
{
    public const int OwnerCreated = 1;
    public const int OwnerDisposed = 2;
    public const int MagazineExchanged = 3;
    public const int SlabClaimed = 4;
    public const int SlabRetired = 5;
    public const int ReclaimStart = 6;
    public const int ReclaimStop = 7;
    public const int Committed = 8;
    public const int Decommitted = 9;
    public const int Trimmed = 10;
    public const int FaultInjected = 13;
    public const int OutOfMemory = 14;
    public const int MisuseFound = 15;
    public const int LeakFound = 16;
    public const int AllocationSampled = 17;
    public const int OwnerStatistics = 18;
    public const int ClassStatistics = 19;
    public const int BufferCreated = 20;
    public const int BufferReclaimed = 24;
    public const int ImporterGone = 26;
    public const int QuotaExceeded = 27;
    public const int BufferStatistics = 28;
}
