using MagAlloc.Bench.Iova;
using MagAlloc.Bench.Iova.Kernel;
using MagAlloc.Bench.Measurement;
using MagAlloc.Bench.Workloads;

namespace MagAlloc.Tests.Bench.Iova;

/// <summary>Every workload does the same work with both allocators, and leaves nothing behind.</summary>
[NonParallelizable]
public sealed class IovaCellTests
{
    private const int Lanes = 2;

    // The space below 4 GiB is filled in no time.
    private const ulong Granule = 1 << 16;
    private const int AddressBits = 48;
    private const int GranuleBits = 16;

    private static IEnumerable<string> Names => IovaWorkloadCatalog.All.Select(w => w.Name);

    [TestCaseSource(nameof(Names))]
    public void WithTheDomain_NothingIsLeft(string name)
    {
        using IovaDomain domain = new(Granule, 1, new IovaDomainOptions { AddressBits = AddressBits, Reclaim = ReclaimOptions.Manual });

        Run(name, new DomainAllocator(domain));

        domain.Flush();
        Assert.That(domain.EnumerateInUse(), Is.Empty);
        Assert.That(domain.GetStatistics().Misuses, Is.Zero);
    }

    [TestCaseSource(nameof(Names))]
    public void WithTheModel_NothingIsLeft(string name)
    {
        using KernelIovaDomain domain = new(Granule, 1, processors: 2, worker: false);

        Run(name, new KernelAllocator(domain, (1UL << (AddressBits - GranuleBits)) - 1, (1UL << (32 - GranuleBits)) - 1));

        domain.Flush();
        Assert.That(domain.Count, Is.Zero);
    }

    private static void Run<TAllocator>(string name, TAllocator allocator)
        where TAllocator : struct, IIovaAllocator
    {
        // The full hundred thousand ranges take the model a while, and are the benchmark's matter.
        Cell cell = name == IovaWorkloadCatalog.AlignedFragmented
            ? new MagAlloc.Bench.Iova.Cells.IovaAlignedCell<TAllocator>(allocator, fragments: 1000, Lanes)
            : IovaWorkloadCatalog.All.Single(w => w.Name == name).Enter(allocator, Lanes);
        using LaneTeam team = new(Lanes);
        team.Run(Lanes, new LaneTask(cell.Prepare, cell.Abandon));
        team.Run(Lanes, new LaneTask(lane => cell.Run(lane, 3), cell.Abandon));
        team.Run(Lanes, new LaneTask(cell.Clean, cell.Abandon));
        Assert.That(cell.OperationsPerSlice, Is.GreaterThan(0));
    }
}
