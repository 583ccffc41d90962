using System.Runtime.CompilerServices;

namespace MagAlloc.Concurrency;

/// <summary>A lock-free LIFO of fixed-size native nodes, named by index, whose head is one 64-bit word.</summary>
/// <remarks>
/// <para><b>State.</b> Head = tag (high 32 bits) and index + 1 of the top node (low 32 bits, 0 = empty). The first word of a
/// node on the stack holds index + 1 of the node below it; off the stack the word belongs to the node's owner.</para>
/// <para>Treiber's stack (IBM RJ 5118, 1986). <b>No ABA:</b> every swing of the head adds one to the tag. <b>No use after free:</b> node memory is never
/// unmapped while the stack exists, and a stale link is discarded because the tag has moved. Lock-free. The argument: docs/proofs/stacks-and-magazines.md.</para>
/// </remarks>
/// <param name="nodes">Address of node 0.</param>
/// <param name="nodeShift">Binary logarithm of a node's size in bytes; at least 3.</param>
internal readonly unsafe struct TaggedStack(byte* nodes, int nodeShift)
{
    private const int TagShift = 32;

    private readonly byte* _nodes = nodes;
    private readonly int _nodeShift = nodeShift;

    public void Push(ref ulong head, uint index)
    {
        ulong seen = Atomic.Load(ref head);
        while (true)
        {
            Atomic.StoreRelaxed(ref Link(index), (uint)seen);

            // The exchange releases the link and whatever the owner wrote into the node; it pairs with the acquiring
            // load of the head in TryPop.
            ulong now = Atomic.CompareExchange(ref head, Next(seen, index + 1), seen);
            if (now == seen)
            {
                return;
            }

            seen = now;
        }
    }

    public bool TryPop(ref ulong head, out uint index)
    {
        ulong seen = Atomic.Load(ref head);
        while ((uint)seen != 0)
        {
            uint top = (uint)seen - 1;
            uint below = (uint)Atomic.Load(ref Link(top));
            ulong now = Atomic.CompareExchange(ref head, Next(seen, below), seen);
            if (now == seen)
            {
                index = top;
                return true;
            }

            seen = now;
        }

        index = 0;
        return false;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Next(ulong seen, uint link) => (((seen >> TagShift) + 1) << TagShift) | link;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref nuint Link(uint index) => ref *(nuint*)(_nodes + ((nuint)index << _nodeShift));
}
