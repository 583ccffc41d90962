namespace MagAlloc.Tool.Analysis.Anomalies;

/// <summary>What anomalies are called in the JSON file. Never renamed; docs/observability.md says what each means.</summary>
internal static class AnomalyKind
{
    public const string DroppedEvents = "dropped-events";

    public const string Incomplete = "incomplete";

    public const string AccountsDisagree = "accounts-disagree";

    public const string Misuse = "misuse";

    public const string OutOfMemory = "out-of-memory";

    public const string Leak = "leak";

    public const string DepotOnlyGrows = "depot-only-grows";

    public const string LiveOnlyGrows = "live-only-grows";

    public const string HoldsMemory = "holds-memory";

    public const string ClassWaste = "class-waste";

    public const string OrphansOnlyGrow = "orphans-only-grow";

    public const string QuotaExceeded = "quota-exceeded";

    public const string NeverFrees = "never-frees";

    public const string OnlyFrees = "only-frees";

    public const string FaultsInjected = "faults-injected";

    public const string LongReclaimPass = "long-reclaim-pass";

    public const string LongGcPause = "long-gc-pause";

    public const string NoNames = "no-names";
}
