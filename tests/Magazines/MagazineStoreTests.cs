using MagAlloc.Concurrency;
using MagAlloc.Magazines;
using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Magazines;

[TestFixture]
public sealed unsafe class MagazineStoreTests
{
    private readonly BoundedCounter _committed = new(1 << 20);
    private MagazineStore _store = null!;

    [SetUp]
    public void Build() => _store = new MagazineStore(256, _committed, faults: null);

    [TearDown]
    public void Release() => _store.Release();

    [Test]
    public void Magazines_are_distinct_aligned_and_writable()
    {
        HashSet<uint> taken = [];
        for (int i = 0; i < 256; i++)
        {
            Assert.That(_store.TryTake(out uint index));
            Assert.That(taken.Add(index));
            Assert.That((ulong)_store.AddressOf(index) % Magazine.Bytes, Is.Zero);
            Assert.That(_store.IndexOf(_store.AddressOf(index)), Is.EqualTo(index));
            new Span<byte>(_store.AddressOf(index), Magazine.Bytes).Fill((byte)i);
        }

        Assert.That(_store.TryTake(out _), Is.False, "the capacity is reached");
        Trim(taken);
    }

    [Test]
    public void A_magazine_given_back_is_taken_again_before_a_fresh_one()
    {
        _store.TryTake(out uint first);
        _store.TryTake(out uint second);
        _store.Give(first);

        Assert.That(_store.TryTake(out uint again));
        Assert.That(again, Is.EqualTo(first));
        Trim([first, second]);
    }

    [Test]
    public void A_trim_uncharges_pages_without_magazines_in_use_only()
    {
        int perPage = Environment.SystemPageSize / Magazine.Bytes;
        uint[] taken = new uint[perPage * 2];
        for (int i = 0; i < taken.Length; i++)
        {
            _store.TryTake(out taken[i]);
        }

        Assert.That(_committed.Value, Is.EqualTo(2 * Environment.SystemPageSize));
        foreach (uint index in taken.Skip(1))
        {
            _store.Give(index);
        }

        Assert.That(_store.Trim(), Is.EqualTo(Environment.SystemPageSize));
        Assert.That(_committed.Value, Is.EqualTo(Environment.SystemPageSize));
        Trim([taken[0]]);
    }

    [Test]
    public void The_limit_refuses_a_magazine_and_leaves_nothing_charged()
    {
        var committed = new BoundedCounter(Environment.SystemPageSize - 1);
        var store = new MagazineStore(64, committed, faults: null);

        Assert.That(store.TryTake(out _), Is.False);
        Assert.That(store.TryTake(out _), Is.False);
        Assert.That(committed.Value, Is.Zero);
        store.Release();
    }

    [Test]
    public void Release_may_be_repeated()
    {
        var store = new MagazineStore(64, _committed, faults: null);
        store.Release();
        store.Release();
        store.Discard();
    }

    [TestCase(FaultPoint.Reserve)]
    [TestCase(FaultPoint.Metadata)]
    public void A_store_that_cannot_be_built_leaves_nothing(FaultPoint point)
    {
        FaultPlan plan = FaultPlan.FailNth(1).At(point);

        Assert.That(() => new MagazineStore(64, _committed, plan), Throws.TypeOf<OutOfMemoryException>());
        Assert.That(_committed.Value, Is.Zero);
    }

    [Test]
    [Category("Soak")]
    [NonParallelizable]
    public void Soak_four_threads_take_give_and_trim_and_nothing_stays_charged()
    {
        int[] holders = new int[256];
        long end = Environment.TickCount64 + 1000;
        Crew.Run(4, me =>
        {
            var random = new Random(me);
            Queue<uint> mine = [];
            while (Environment.TickCount64 < end)
            {
                if (mine.Count < 20 && random.Next(2) == 0 && _store.TryTake(out uint index))
                {
                    Own(holders, index, 0, me + 1);
                    *(long*)(_store.AddressOf(index) + 512) = me + 1;
                    mine.Enqueue(index);
                }
                else if (mine.TryDequeue(out index))
                {
                    Own(holders, index, me + 1, 0);
                    _store.Give(index);
                }

                if (random.Next(500) == 0)
                {
                    _store.Trim();
                }
            }

            foreach (uint index in mine)
            {
                Own(holders, index, me + 1, 0);
                _store.Give(index);
            }
        });

        _store.Trim();
        Assert.That(_committed.Value, Is.Zero);
    }

    private void Own(int[] holders, uint index, int from, int to)
    {
        if (to == 0 && *(long*)(_store.AddressOf(index) + 512) != from)
        {
            throw new InvalidOperationException($"magazine {index} lost its contents");
        }

        if (Interlocked.CompareExchange(ref holders[index], to, from) != from)
        {
            throw new InvalidOperationException($"magazine {index} has two holders");
        }
    }

    private void Trim(IEnumerable<uint> taken)
    {
        foreach (uint index in taken)
        {
            _store.Give(index);
        }

        _store.Trim();
        Assert.That(_committed.Value, Is.Zero);
    }
}
