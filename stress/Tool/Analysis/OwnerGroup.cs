namespace MagAlloc.Tool.Analysis;

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
        Sum(grid, owner => owner.Samples.Select(sample => (sample.Seconds, figure(sample))));

    /// <summary>The same of the figures that only queues of buffers have.</summary>
    public double[] BufferLevels(TimeGrid grid, Func<BufferSample, long> figure) =>
        Sum(grid, owner => owner.Buffers is { } buffers ? buffers.Samples.Select(sample => (sample.Seconds, figure(sample))) : []);

    /// <summary>How fast a counter of queues of buffers rose, by the second.</summary>
    public double[] BufferRates(TimeGrid grid, Func<BufferSample, long> counter) => grid.Rates(_owners
        .Where(owner => owner.Buffers is not null)
        .SelectMany(owner => owner.Buffers!.Samples.Zip(owner.Buffers.Samples.Skip(1)))
        .Select(pair => (pair.First.Seconds, pair.Second.Seconds, counter(pair.Second) - counter(pair.First))));

    /// <summary>Committed bytes; between two statistics, what the commits and decommits say.</summary>
    public double[] CommittedLevels(TimeGrid grid) => Sum(grid, owner => owner.Samples
        .Select(sample => (sample.Seconds, sample.CommittedBytes))
        .Concat(owner.Commits.Select(commit => (commit.Seconds, commit.CommittedBytes))));

    /// <summary>
    /// Adds up moment by moment, and only then by spans: of ten heaps that follow each other within one span, only one was there at a
    /// time.
    /// </summary>
    private double[] Sum(TimeGrid grid, Func<OwnerHistory, IEnumerable<(double Seconds, long Value)>> points)
    {
        long[] values = new long[_owners.Length];
        List<(double Seconds, int Owner, long Value)> changes = [];
        for (int i = 0; i < _owners.Length; i++)
        {
            int owner = i;
            double end = _owners[i].DisposedAt ?? double.MaxValue;
            changes.AddRange(points(_owners[i]).Where(point => point.Seconds <= end).Select(point => (point.Seconds, owner, point.Value)));
            if (end < double.MaxValue)
                changes.Add((end, owner, 0));
        }

        long sum = 0;
        List<(double Seconds, long Value)> sums = [];

        // Sorted by a method that keeps the order of equals: an owner's end comes behind its last figures.
        foreach ((double seconds, int owner, long value) in changes.OrderBy(change => change.Seconds))
        {
            sum += value - values[owner];
            values[owner] = value;
            sums.Add((seconds, sum));
        }

        return grid.Levels(sums);
    }
}
