namespace MagAlloc.Tooling.Reporting.Html;

/// <summary>What has which of the style sheet's colours: the same in every chart.</summary>
internal static class PageColours
{
    public const int Committed = 1;
    public const int Live = 2;
    public const int ThreadCached = 3;
    public const int DepotCached = 4;
    public const int Depot = 5;
    public const int Orphaned = 6;
    public const int Importers = 3;
    public const int Revoked = 7;
    public const int Reclaim = 7;
    public const int Rest = 8;

    // Of all there are: threads beyond these are summed up in the colour of the rest.
    public const int Threads = 7;

    /// <summary>Of the pauses of a generation, 0 to 2.</summary>
    public static int Generation(int generation) => generation switch { 0 => 3, 1 => 4, _ => 6 };
}
