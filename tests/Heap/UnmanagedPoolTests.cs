using System.Runtime.InteropServices;
using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Heap;

[TestFixture]
public sealed unsafe class UnmanagedPoolTests
{
    [StructLayout(LayoutKind.Sequential)]
    private struct Node
    {
        public long Magic;
        public long Value;
        public Node* Next;
    }

    [Test]
    public void Constructor_RunsOncePerBlock_AndStateIsKeptOnReuse()
    {
        int runs = 0;
        using UnmanagedPool<Node> pool = new(Quiet(), (ref Node node) =>
        {
            runs++;
            node.Magic = 0x600D;
            node.Value = 0;
        });
        HashSet<nint> seen = [];
        for (int i = 0; i < 10_000; i++)
        {
            Node* node = pool.Rent();
            Assert.That(node->Magic, Is.EqualTo(0x600D));
            seen.Add((nint)node);
            node->Value++;
            pool.Return(node);
        }

        HeapStatistics s = pool.GetStatistics();
        Assert.That(runs, Is.GreaterThanOrEqualTo(seen.Count));
        Assert.That(runs, Is.LessThanOrEqualTo(s.CapacityBlocks), "the constructor ran again for a block it had built");

        long total = 0;
        List<nint> all = [];
        for (int i = 0; i < seen.Count; i++)
        {
            Node* node = pool.Rent();
            all.Add((nint)node);
            total += node->Value;
        }

        Assert.That(total, Is.GreaterThan(0), "what the last renter left is kept");
        all.ForEach(node => pool.Return((Node*)node));
    }

    [Test]
    public void EveryBlock_IsConstructed_AlsoAfterTrim()
    {
        using UnmanagedPool<Node> pool = new(Quiet(), (ref Node node) =>
        {
            node.Magic = 0x600D;
            node.Next = null;
        });
        for (int round = 0; round < 3; round++)
        {
            List<nint> all = [];
            for (int i = 0; i < 20_000; i++)
            {
                Node* node = pool.Rent();
                if (node->Magic != 0x600D || node->Next != null)
                {
                    Assert.Fail($"round {round}, item {i} is not constructed");
                }

                all.Add((nint)node);
            }

            Assert.That(all.Distinct().Count(), Is.EqualTo(all.Count));
            all.ForEach(node => pool.Return((Node*)node));
            pool.Trim();
        }
    }

    [Test]
    public void ThrowingConstructor_ReachesTheCaller_AndLosesNoBlock()
    {
        bool fail = true;
        using UnmanagedPool<Node> pool = new(Quiet(), (ref Node node) =>
        {
            if (fail)
            {
                throw new FormatException("the constructor refuses");
            }

            node.Magic = 0x600D;
        });
        for (int i = 0; i < 100; i++)
        {
            Assert.That(() => { pool.Rent(); }, Throws.TypeOf<FormatException>());
        }

        Assert.That(pool.GetStatistics().LiveBlocks(), Is.Zero);
        long committed = pool.GetStatistics().CommittedBytes;
        fail = false;
        List<nint> all = [];
        for (int i = 0; i < 100; i++)
        {
            Node* node = pool.Rent();
            Assert.That(node->Magic, Is.EqualTo(0x600D));
            all.Add((nint)node);
        }

        Assert.That(pool.GetStatistics().CommittedBytes, Is.LessThanOrEqualTo(committed + (256 * Heaps.KiB)));
        all.ForEach(node => pool.Return((Node*)node));
        Books.Balance(pool.GetStatistics());
        Assert.That(pool.GetStatistics().LiveBlocks(), Is.Zero);
    }

    [Test]
    public void ConstructorThrowingNowAndThen_IsNeverSkipped()
    {
        int calls = 0;
        using UnmanagedPool<Node> pool = new(Quiet(), (ref Node node) =>
        {
            if (++calls % 5 == 3)
            {
                throw new FormatException();
            }

            node.Magic = 0x600D;
        });
        List<nint> all = [];
        int refused = 0;
        while (all.Count < 2000)
        {
            try
            {
                Node* node = pool.Rent();
                Assert.That(node->Magic, Is.EqualTo(0x600D));
                all.Add((nint)node);
            }
            catch (FormatException)
            {
                refused++;
            }
        }

        Assert.That(refused, Is.GreaterThan(100));
        Assert.That(all.Distinct().Count(), Is.EqualTo(all.Count));
        all.ForEach(node => pool.Return((Node*)node));
        Assert.That(pool.GetStatistics().LiveBlocks(), Is.Zero);
    }

    [Test]
    public void AConstructorThatUsesItsPool_Works()
    {
        UnmanagedPool<Node>? pool = null;
        int depth = 0;
        pool = new(Quiet(), (ref Node node) =>
        {
            node.Magic = 0x600D;
            if (++depth == 1)
            {
                Node* nested = pool!.Rent();
                Assert.That(nested->Magic, Is.EqualTo(0x600D));
                pool.Return(nested);
                pool.Trim();
            }

            depth--;
        });
        HashSet<nint> all = [];
        for (int i = 0; i < 3000; i++)
        {
            Node* node = pool.Rent();
            Assert.That(node->Magic, Is.EqualTo(0x600D));
            Assert.That(all.Add((nint)node), Is.True, $"item {i} is handed out twice");
        }

        foreach (nint node in all)
        {
            pool.Return((Node*)node);
        }

        Assert.That(pool.GetStatistics().LiveBlocks(), Is.Zero);
        Books.Balance(pool.GetStatistics());
        pool.Dispose();
    }

    [Test]
    public void Threads_RentAndReturnEachOthersItems_WithoutMixUp()
    {
        const int Magic = 0x600D;
        using UnmanagedPool<Node> pool = new(null, (ref Node node) => node.Magic = Magic);
        nint[] slots = new nint[64];
        Crew.Run(4, owner =>
        {
            Random random = new(owner);
            for (int i = 0; i < 40_000; i++)
            {
                Node* node = pool.Rent();
                node->Value = (nint)node;
                Node* old = (Node*)Interlocked.Exchange(ref slots[random.Next(slots.Length)], (nint)node);
                if (old != null)
                {
                    if (old->Value != (nint)old || old->Magic != Magic)
                    {
                        Assert.Fail($"item 0x{(nuint)old:x} holds {old->Value:x}, magic {old->Magic:x}");
                    }

                    pool.Return(old);
                }
            }
        });
        foreach (nint node in slots)
        {
            if (node != 0)
            {
                pool.Return((Node*)node);
            }
        }

        HeapStatistics s = pool.GetStatistics();
        Assert.That(s.LiveBlocks(), Is.Zero);
        Books.Balance(s);
    }

    [Test]
    public void ReturnOfAForeignPointer_IsRefused_AndThePoolStaysUsable()
    {
        using UnmanagedPool<Node> pool = new(Quiet());
        using UnmanagedPool<Node> other = new(Quiet());
        Node* mine = pool.Rent();
        Node* theirs = other.Rent();
        Node onStack = default;

        Assert.That(() => { pool.Return(theirs); }, Throws.TypeOf<HeapMisuseException>());
        Node* stack = &onStack;
        Assert.That(() => { pool.Return(stack); }, Throws.TypeOf<HeapMisuseException>());
        Assert.That(() => { pool.Return((Node*)1); }, Throws.TypeOf<HeapMisuseException>());
        Assert.That(pool.GetStatistics().LiveBlocks(), Is.EqualTo(1));

        pool.Return(mine);
        other.Return(theirs);
        pool.Return(null);
        Assert.That(pool.GetStatistics().LiveBlocks(), Is.Zero);
        pool.Return(pool.Rent());
    }

    [Test]
    public void Statistics_CountRentedItems_AndTickAndTrimGiveMemoryBack()
    {
        using UnmanagedPool<Node> pool = new(Quiet());
        List<nint> all = [];
        for (int i = 0; i < 50_000; i++)
        {
            all.Add((nint)pool.Rent());
        }

        HeapStatistics busy = pool.GetStatistics();
        Assert.That(busy.LiveBlocks(), Is.EqualTo(50_000));
        Assert.That(busy.AllocatedBytes, Is.GreaterThanOrEqualTo(50_000 * sizeof(Node)));
        Books.Balance(busy);
        all.ForEach(node => pool.Return((Node*)node));
        pool.Tick();
        Assert.That(pool.Trim(), Is.GreaterThan(0));
        HeapStatistics idle = pool.GetStatistics();
        Assert.That(idle.LiveBlocks(), Is.Zero);
        Assert.That(idle.CommittedBytes, Is.LessThanOrEqualTo(Heaps.MiB));
        Books.Balance(idle);
    }

    [Test]
    public void Disposed_EveryMemberSaysSo()
    {
        UnmanagedPool<Node> pool = new(Quiet());
        Node* node = pool.Rent();
        pool.Dispose();
        pool.Dispose();

        Assert.That(() => { pool.Rent(); }, Throws.TypeOf<ObjectDisposedException>());
        Assert.That(() => { pool.TryRent(out _); }, Throws.TypeOf<ObjectDisposedException>());
        Assert.That(() => { pool.Return(node); }, Throws.TypeOf<ObjectDisposedException>());
        Assert.That(() => { pool.Trim(); }, Throws.TypeOf<ObjectDisposedException>());
        Assert.That(() => { pool.Tick(); }, Throws.TypeOf<ObjectDisposedException>());
        Assert.That(() => { pool.GetStatistics(); }, Throws.TypeOf<ObjectDisposedException>());
    }

    [Test]
    public void DisposedUnderConcurrentUse_EndsInObjectDisposed()
    {
        for (int repeat = 0; repeat < 30; repeat++)
        {
            UnmanagedPool<Node> pool = new();
            int disposed = 0;
            Crew.Handle crew = Crew.Start(3, _ =>
            {
                try
                {
                    while (true)
                    {
                        pool.Return(pool.Rent());
                    }
                }
                catch (ObjectDisposedException)
                {
                    Interlocked.Increment(ref disposed);
                }
            });
            Thread.Sleep(1);
            pool.Dispose();
            Crew.Finish(crew);
            Assert.That(disposed, Is.EqualTo(3));
        }
    }

    private static UnmanagedPoolOptions Quiet() => new() { Reclaim = ReclaimOptions.Manual, ReservedBytes = Heaps.GiB };
}
