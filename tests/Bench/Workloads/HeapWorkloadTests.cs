using MagAlloc.Bench.Contenders;
using MagAlloc.Bench.Workloads;

namespace MagAlloc.Tests.Bench.Workloads;

/// <summary>Workloads about several heaps make and dispose as many as they say.</summary>
public sealed class HeapWorkloadTests
{
    [TestCase("two-heaps", 1)]
    [TestCase("many-heaps", 32)]
    public void Heaps_are_made_used_and_disposed(string name, int heaps)
    {
        using Workload workload = WorkloadNames.Entry(name).Create(1);
        List<Made> made = [];
        HeapContender<OracleContender, OracleSession> oracle = new("oracle", new OracleContender(new OracleBooks()))
        {
            More = () =>
            {
                made.Add(new Made());
                return new OwnedHeap<OracleContender>(new OracleContender(made[^1].Books), made[^1]);
            },
        };

        CellRun.Execute(workload, oracle, slices: 3);

        Assert.Multiple(() =>
        {
            Assert.That(made, Has.Count.EqualTo(heaps));
            Assert.That(made.Select(heap => heap.Disposals), Is.All.EqualTo(1));
            Assert.That(made.Select(heap => heap.Books.Allocations), Is.All.Positive);
            Assert.That(made.SelectMany(heap => heap.Books.Mistakes), Is.Empty);
            Assert.That(made.SelectMany(heap => heap.Books.Live), Is.Empty);
        });
    }

    [TestCase("magalloc", null)]
    [TestCase("magalloc-handle", null)]
    [TestCase("native-memory", "has one heap, which stands for all")]
    public void A_contender_with_one_heap_is_remarked_upon(string name, string? remark)
    {
        using Contender contender = ContenderCatalog.All.Single(entry => entry.Name == name).Create();
        using TwoHeapsWorkload two = new();
        using PairWorkload one = new("pair-64", 64, threads: 1);

        Assert.That(contender.Remark(two), Is.EqualTo(remark));
        Assert.That(contender.Remark(one), Is.Null);
        CellRun.Execute(two, contender, slices: 1);
    }

    [TestCase("magalloc-pool")]
    [TestCase("array-pool")]
    public void A_pool_is_no_heap(string name)
    {
        using Contender contender = ContenderCatalog.All.Single(entry => entry.Name == name).Create();
        using TwoHeapsWorkload workload = new();

        Assert.That(contender.Objection(workload), Is.EqualTo("is no heap"));
    }

    private sealed class Made : IDisposable
    {
        public OracleBooks Books { get; } = new();

        public int Disposals { get; private set; }

        public void Dispose() => Disposals++;
    }
}
