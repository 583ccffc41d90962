namespace MagAlloc.Bench.Iova;

/// <summary>What the lines of a comparison say about each other.</summary>
internal sealed class IovaFindings(IReadOnlyList<IovaLine> lines)
{
    public IReadOnlyList<IovaLine> Lines => lines;

    /// <summary>Time of the kernel's model, with either kind of lock, over that of the domain, by workload and threads.</summary>
    public IReadOnlyList<(string Workload, int Threads, double Locked, double Spinning)> OverKernel { get; } =
    [
        .. from line in lines
           where line.Contender == IovaContender.DomainName
           let locked = Find(lines, line.Workload, line.Threads, IovaContender.KernelName)
           let spinning = Find(lines, line.Workload, line.Threads, IovaContender.KernelSpinName)
           where locked is not null && spinning is not null
           select (
               line.Workload,
               line.Threads,
               locked.Summary.Median / line.Summary.Median,
               spinning.Summary.Median / line.Summary.Median),
    ];

    /// <summary>Time of the domain's pair over that of the heap's, with the fewest threads; null when it was not measured.</summary>
    public double? PairOverHeap { get; } = Ratio(
        lines,
        (IovaWorkloadCatalog.Pair, IovaContender.DomainName),
        (IovaWorkloadCatalog.Pair, IovaComparison.HeapName));

    /// <summary>Time of an aligned request between 100,000 ranges over one in an empty space, with the fewest threads.</summary>
    public double? FragmentedOverEmpty { get; } = Ratio(
        lines,
        (IovaWorkloadCatalog.AlignedFragmented, IovaContender.DomainName),
        (IovaWorkloadCatalog.AlignedEmpty, IovaContender.DomainName));

    public static IovaLine? Find(IReadOnlyList<IovaLine> lines, string workload, int threads, string contender) =>
        lines.FirstOrDefault(l => l.Workload == workload && l.Threads == threads && l.Contender == contender);

    private static double? Ratio(IReadOnlyList<IovaLine> lines, (string Workload, string Contender) a, (string Workload, string Contender) b)
    {
        if (lines.Count == 0)
            return null;
        int threads = lines.Min(l => l.Threads);
        return Find(lines, a.Workload, threads, a.Contender)?.Summary.Median / Find(lines, b.Workload, threads, b.Contender)?.Summary.Median;
    }
}
