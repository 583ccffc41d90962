using System.Runtime.InteropServices;
using MagAlloc.Concurrency;
using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Concurrency;

[TestFixture]
public sealed unsafe class TaggedStackTests
{
    private const int Nodes = 64;
    private const int NodeShift = 4;

    private byte* _nodes;
    private TaggedStack _stack;

    [SetUp]
    public void Allocate()
    {
        _nodes = (byte*)NativeMemory.AllocZeroed(Nodes << NodeShift);
        _stack = new TaggedStack(_nodes, NodeShift);
    }

    [TearDown]
    public void Free() => NativeMemory.Free(_nodes);

    [Test]
    public void What_was_pushed_last_is_popped_first()
    {
        ulong head = 0;
        _stack.Push(ref head, 5);
        _stack.Push(ref head, 0);
        _stack.Push(ref head, 63);

        uint[] popped = [.. Drain(ref head)];

        Assert.That(popped, Is.EqualTo(new uint[] { 63, 0, 5 }));
    }

    [Test]
    public void An_empty_stack_gives_nothing()
    {
        ulong head = 0;
        Assert.That(_stack.TryPop(ref head, out _), Is.False);

        _stack.Push(ref head, 1);
        _stack.TryPop(ref head, out _);
        Assert.That(_stack.TryPop(ref head, out _), Is.False);
    }

    [Test]
    public void Every_exchange_changes_the_head_even_if_the_top_is_the_same()
    {
        ulong head = 0;
        _stack.Push(ref head, 1);
        ulong before = head;
        _stack.TryPop(ref head, out _);
        _stack.Push(ref head, 1);

        Assert.That((uint)head, Is.EqualTo((uint)before), "the same node on top");
        Assert.That(head, Is.Not.EqualTo(before), "under another tag");
    }

    [Test]
    public void The_tag_wraps_around()
    {
        ulong head = 0xFFFF_FFFF_0000_0000;
        _stack.Push(ref head, 3);

        Assert.That(head, Is.EqualTo(4));
        Assert.That(Drain(ref head), Is.EqualTo(new uint[] { 3 }));
    }

    [Test]
    [Category("Soak")]
    [NonParallelizable]
    public void Soak_four_threads_exchange_nodes_and_every_node_remains_once()
    {
        ulong head = 0;
        for (uint node = 0; node < Nodes; node++)
        {
            _stack.Push(ref head, node);
        }

        TaggedStack stack = _stack;
        nint at = (nint)(&head);
        int[] holders = new int[Nodes];
        long end = Environment.TickCount64 + 1000;
        Crew.Run(4, me =>
        {
            ref ulong shared = ref *(ulong*)at;
            Span<uint> mine = stackalloc uint[3];
            while (Environment.TickCount64 < end)
            {
                int count = 0;
                while (count < mine.Length && stack.TryPop(ref shared, out uint node))
                {
                    Assert.That(Interlocked.Exchange(ref holders[node], me + 1), Is.Zero, "nobody else holds the node");
                    mine[count++] = node;
                }

                while (count > 0)
                {
                    uint node = mine[--count];
                    Interlocked.Exchange(ref holders[node], 0);
                    stack.Push(ref shared, node);
                }
            }
        });

        Assert.That(Drain(ref head).Order(), Is.EqualTo(Enumerable.Range(0, Nodes).Select(node => (uint)node)));
    }

    private List<uint> Drain(ref ulong head)
    {
        List<uint> nodes = [];
        while (nodes.Count <= Nodes && _stack.TryPop(ref head, out uint node))
        {
            nodes.Add(node);
        }

        return nodes;
    }
}
