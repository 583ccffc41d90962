using MagAlloc.Bench.Workloads;

namespace MagAlloc.Bench.Gate.Counts;

/// <summary>
/// Of address ranges what can be counted: managed bytes of a call, magazine exchanges and refills included, and how far a search in
/// the tree has to look, in an empty space and between 100,000 ranges. One thread, no reclaim worker and fixed numbers, so the
/// counts are the same every time.
/// </summary>
internal sealed class IovaProbe : IGateProbe
{
    private const int Operations = 20_000;
    private const int Live = 500;
    private const int Requests = 10_000;
    private const int Fragments = 100_000;
    private const int Orders = 7;
    private const ulong LargestFragment = 16;
    private const ulong Seed = 0x9E3779B97F4A7C15;
    private const string FastBytes = "managed-bytes-iova-fast";
    private const string TreeBytes = "managed-bytes-iova-tree";
    private const string StepsEmpty = "search-steps-iova-empty";
    private const string StepsFragmented = "search-steps-iova-fragmented";

    public IReadOnlyList<GateEntry> Entries { get; } =
    [
        new(FastBytes, EntryKind.Law, "managed bytes per operation"),
        new(TreeBytes, EntryKind.Law, "managed bytes per operation"),
        new(StepsEmpty, EntryKind.Count, "steps per allocation"),
        new(StepsFragmented, EntryKind.Count, "steps per allocation"),
    ];

    public IEnumerable<Reading> Measure()
    {
        using (IovaDomain domain = NewDomain())
        {
            ulong[] pfns = new ulong[Live];
            yield return new Reading(FastBytes, (double)ManagedBytesProbe.LeastBytes(() => Fast(domain, pfns)) / Operations, Operations);
            yield return new Reading(TreeBytes, (double)ManagedBytesProbe.LeastBytes(() => Tree(domain, pfns)) / Operations, Operations);
        }

        using (IovaDomain empty = NewDomain())
            yield return Steps(StepsEmpty, empty);
        using (IovaDomain fragmented = NewDomain())
        {
            Scatter(fragmented);
            yield return Steps(StepsFragmented, fragmented);
        }
    }

    private static IovaDomain NewDomain() => new(options: new IovaDomainOptions { Name = "gate", Reclaim = ReclaimOptions.Manual });

    private static void Fast(IovaDomain domain, ulong[] pfns)
    {
        for (int i = 0; i < Operations; i += Live)
        {
            for (int j = 0; j < pfns.Length; j++)
                pfns[j] = domain.AllocateFast((ulong)(1 + (j % 32)), domain.LastPfn);
            for (int j = 0; j < pfns.Length; j++)
                domain.FreeFast(pfns[j], (ulong)(1 + (j % 32)));
        }
    }

    private static void Tree(IovaDomain domain, ulong[] pfns)
    {
        for (int i = 0; i < Operations; i += Live)
        {
            for (int j = 0; j < pfns.Length; j++)
                pfns[j] = domain.Allocate((ulong)(1 + j), domain.LastPfn, sizeAligned: (j & 1) == 0).First;
            foreach (ulong pfn in pfns)
                domain.Free(pfn);
        }
    }

    private static void Scatter(IovaDomain domain)
    {
        XorShift64 random = new(Seed);
        ulong[] holes = new ulong[Fragments];
        foreach (ref ulong hole in holes.AsSpan())
        {
            domain.Allocate(1 + ((random.Next() >> 40) % LargestFragment), domain.LastPfn, sizeAligned: true);
            hole = domain.Allocate(1 + ((random.Next() >> 40) % LargestFragment), domain.LastPfn, sizeAligned: true).First;
        }

        foreach (ulong hole in holes)
            domain.Free(hole);
    }

    private static Reading Steps(string name, IovaDomain domain)
    {
        XorShift64 random = new(Seed);
        long before = domain.GetStatistics().SearchSteps;
        for (int i = 0; i < Requests; i++)
            domain.Allocate(1UL << (int)((random.Next() >> 40) % Orders), domain.LastPfn, sizeAligned: true);
        long steps = domain.GetStatistics().SearchSteps - before;
        return new Reading(name, Math.Round((double)steps / Requests, 3), Requests);
    }
}
