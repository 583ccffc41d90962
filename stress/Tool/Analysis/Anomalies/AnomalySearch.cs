namespace MagAlloc.Tool.Analysis.Anomalies;

/// <summary>Looks a trace over for what a person would want to be told.</summary>
internal static class AnomalySearch
{
    /// <summary>The gravest first; those of one severity in the order of the searches.</summary>
    public static IReadOnlyList<Anomaly> Find(TraceModel trace) =>
    [
        .. TraceAnomalies.Of(trace)
            .Concat(trace.Owners.SelectMany(owner => OwnerAnomalies.Of(owner, trace.Seconds)))
            .Concat(ThreadAnomalies.Of(trace))

            // Threads' events come in blocks of their own: of a trace that breaks off, some lack what others tell the end of.
            .Where(anomaly => trace.Cut is null || anomaly.Kind != AnomalyKind.AccountsDisagree)
            .OrderByDescending(anomaly => anomaly.Severity),
    ];
}
