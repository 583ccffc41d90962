using MagAlloc.Bench.Iova.Kernel;

namespace MagAlloc.Tests.Bench.Iova;

/// <summary>A tree that lost its balance would make the model slow, and the engine look fast.</summary>
public sealed class KernelTreeTests
{
    [Test]
    public void RandomInsertsAndRemovals_KeepOrderBalanceAndContents([Values(1, 2, 3)] int seed)
    {
        Random random = new(seed);
        KernelNode anchor = new() { First = ulong.MaxValue, Last = ulong.MaxValue };
        KernelTree tree = new(anchor);
        SortedDictionary<ulong, KernelNode> model = new() { [ulong.MaxValue] = anchor };
        for (int i = 0; i < 20_000; i++)
        {
            ulong first = (ulong)random.Next(2000) * 4;
            if (model.Remove(first, out KernelNode? known))
            {
                tree.Remove(known);
            }
            else
            {
                KernelNode node = new() { First = first, Last = first + (ulong)random.Next(4) };
                KernelNode next = tree.LowestEndingAtOrAbove(first);
                Assert.That(next.First, Is.GreaterThan(node.Last));
                tree.InsertBefore(node, next);
                model.Add(first, node);
            }

            if (i % 500 == 0)
                AssertShape(tree, model);
        }

        AssertShape(tree, model);
    }

    [Test]
    public void Find_KnowsEveryPfnOfARange_AndNoneBesideIt()
    {
        KernelTree tree = new(new KernelNode { First = ulong.MaxValue, Last = ulong.MaxValue });
        for (ulong first = 0; first < 1000; first += 10)
            tree.InsertBefore(new KernelNode { First = first, Last = first + 4 }, tree.LowestEndingAtOrAbove(first));

        for (ulong pfn = 0; pfn < 1000; pfn++)
        {
            Assert.That(tree.Find(pfn)?.First, Is.EqualTo(pfn % 10 < 5 ? pfn / 10 * 10 : (ulong?)null));
            Assert.That(tree.LowestEndingAtOrAbove(pfn).First, Is.EqualTo(pfn % 10 < 5 ? pfn / 10 * 10 : Above(pfn)));
        }

        static ulong Above(ulong pfn) => pfn >= 990 ? ulong.MaxValue : (pfn / 10 * 10) + 10;
    }

    private static void AssertShape(KernelTree tree, SortedDictionary<ulong, KernelNode> model)
    {
        Assert.That(tree.Root.IsRed, Is.False);
        Assert.That(BlackHeight(tree.Root), Is.GreaterThan(0));
        KernelNode? at = tree.LowestEndingAtOrAbove(0);
        List<ulong> upwards = [];
        for (; at is not null; at = KernelTree.Next(at))
            upwards.Add(at.First);
        Assert.That(upwards, Is.EqualTo(model.Keys));
        List<ulong> downwards = [];
        for (at = tree.LowestEndingAtOrAbove(ulong.MaxValue); at is not null; at = KernelTree.Previous(at))
            downwards.Add(at.First);
        Assert.That(downwards, Is.EqualTo(model.Keys.Reverse()));
    }

    private static int BlackHeight(KernelNode? node)
    {
        if (node is null)
            return 1;
        foreach (KernelNode? child in new[] { node.Left, node.Right })
        {
            if (child is null)
                continue;
            Assert.That(child.Parent, Is.SameAs(node));
            Assert.That(node.IsRed && child.IsRed, Is.False, "a red node has a red child");
        }

        int left = BlackHeight(node.Left);
        Assert.That(BlackHeight(node.Right), Is.EqualTo(left), "ways of different black length");
        return left + (node.IsRed ? 0 : 1);
    }
}
