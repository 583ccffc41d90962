using System.Runtime.InteropServices;
using MagAlloc.Concurrency;
using MagAlloc.Interleaving.Exploration;

namespace MagAlloc.Interleaving.Concurrency;

/// <summary>A stack of a few nodes in native memory, with a record of who holds each.</summary>
internal sealed unsafe class NativeStack : IDisposable
{
    private const int NodeShift = 4;

    private readonly byte* _memory;
    private readonly bool[] _held;

    public NativeStack(int nodes)
    {
        _memory = (byte*)NativeMemory.AllocZeroed((nuint)(nodes + 1) << NodeShift);
        Links = new TaggedStack(_memory + (1 << NodeShift), NodeShift);
        _held = new bool[nodes];
        Array.Fill(_held, true);
    }

    public TaggedStack Links { get; }

    public ref ulong Head => ref *(ulong*)_memory;

    public void Push(uint node)
    {
        Release(node);
        Links.Push(ref Head, node);
    }

    /// <summary>Notes that nobody holds a node any more.</summary>
    public void Release(uint node)
    {
        Must.Hold(_held[node], "only its holder pushes a node");
        _held[node] = false;
    }

    public bool TryPop(out uint node)
    {
        if (!Links.TryPop(ref Head, out node))
        {
            return false;
        }

        Take(node);
        return true;
    }

    /// <summary>Notes that somebody holds a node now.</summary>
    public void Take(uint node)
    {
        Must.Hold(!_held[node], $"node {node} was handed out twice");
        _held[node] = true;
    }

    /// <summary>At rest: every node is on the stack or held, none both or neither.</summary>
    /// <param name="missing">Nodes that a stopped thread may be holding.</param>
    public void CheckBooks(int missing = 0) => CheckBooks(Walk(Head), missing);

    public void CheckBooks(List<uint> onStack, int missing = 0)
    {
        Must.Be(onStack.Distinct().Count(), onStack.Count, "nodes on the stack, each once,");
        Must.Hold(onStack.TrueForAll(node => !_held[node]), "no node on the stack is held");
        int lost = _held.Length - onStack.Count - _held.Count(held => held);
        Must.Hold(lost >= 0 && lost <= missing, $"{lost} nodes are lost, {missing} may be");
    }

    public List<uint> Walk(ulong head)
    {
        List<uint> nodes = [];
        for (uint link = (uint)head; link != 0; link = (uint)*(ulong*)(_memory + ((nuint)link << NodeShift)))
        {
            Must.Hold(nodes.Count <= _held.Length && link <= (uint)_held.Length, "the stack is a chain of its own nodes");
            nodes.Add(link - 1);
        }

        return nodes;
    }

    public void Dispose() => NativeMemory.Free(_memory);
}
