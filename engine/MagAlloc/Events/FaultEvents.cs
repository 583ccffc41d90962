using System.Diagnostics.Tracing;

namespace MagAlloc.Events;

/// <summary>Tells of injected faults. What a <see cref="FaultPlan"/> is given to observe it with.</summary>
internal static class FaultEvents
{
    public static void Tell(FaultPoint point, long occurrence)
    {
        MagAllocEventSource log = MagAllocEventSource.Log;
        if (log.IsEnabled(EventLevel.Informational, MagAllocEventSource.Keywords.Fault))
        {
            log.FaultInjected(point.ToString(), occurrence);
        }
    }
}
