namespace MagAlloc.Stress.Analysis;

/// <summary>Owners of one kind and name: a program that makes one heap after another for the same purpose wants to see one line.</summary>
internal sealed class OwnerGroup
{
    private readonly OwnerHistory[] _owners;

    private OwnerGroup(IEnumerable<OwnerHistory> owners) => _owners = [.. owners];

    public IReadOnlyList<OwnerHistory> Owners => _owners;

    public string Kind => _owners[0].Kind;

    public string Title => _owners.Length == 1 ? _owners[0].Title : $"{_owners[0].Title} ({_owners.Length} of them)";

    public long PeakCommittedBytes => _owners.Max(owner => owner.PeakCommittedBytes);

    public IEnumerable<ReclaimPass> Passes => _owners.SelectMany(owner => owner.Passes).OrderBy(pass => pass.Seconds);

    /// <summary>Those with the most memory first.</summary>
    public static IReadOnlyList<OwnerGroup> Of(TraceModel trace) =>
    [
        .. trace.Owners
            .GroupBy(owner => (owner.Kind, owner.Name))
            .Select(group => new OwnerGroup(group))
            .OrderByDescending(group => group.PeakCommittedBytes)
            .ThenBy(group => group.Title, StringComparer.Ordinal),
    ];

    /// <summary>A figure of the statistics, added up over the owners that lived at the time.</summary>
    public double[] Levels(TimeGrid grid, Func<OwnerSample, long> figure) =>
        Sum(grid, owner => grid.Levels(owner.Samples.Select(sample => (sample.Seconds, figure(sample))), owner.DisposedAt));

    /// <summary>Committed bytes; between two statistics, what the commits and decommits say.</summary>
    public double[] CommittedLevels(TimeGrid grid) => Sum(grid, owner => grid.Levels(
        owner.Samples.Select(sample => (sample.Seconds, sample.CommittedBytes))
            .Concat(owner.Commits.Select(commit => (commit.Seconds, commit.CommittedBytes)))
            .OrderBy(point => point.Seconds),
        owner.DisposedAt));

    private double[] Sum(TimeGrid grid, Func<OwnerHistory, double[]> levels)
    {
        double[] sum = new double[grid.Count];
        foreach (OwnerHistory owner in _owners)
        {
            double[] own = levels(owner);
            for (int i = 0; i < sum.Length; i++)
                sum[i] += own[i];
        }

        return sum;
    }
}
