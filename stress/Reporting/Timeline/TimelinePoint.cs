namespace MagAlloc.Stress.Reporting.Timeline;

/// <summary>What was looked at at one moment of a run.</summary>
/// <param name="Seconds">Since the part began.</param>
/// <param name="CommittedBytes">What physical memory may stand behind; null where the allocator cannot tell.</param>
/// <param name="LiveBytes">What callers hold; of a domain addresses.</param>
/// <param name="CachedBytes">What lies in magazines; of a domain addresses.</param>
/// <param name="DepotMagazines">Full magazines in depots.</param>
/// <param name="Operations">So far; null where they are not counted as they go.</param>
internal readonly record struct TimelinePoint(
    double Seconds, long? CommittedBytes, long LiveBytes, long CachedBytes, long DepotMagazines, long? Operations);
