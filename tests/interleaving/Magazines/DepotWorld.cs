using MagAlloc.Interleaving.Concurrency;
using MagAlloc.Interleaving.Exploration;
using MagAlloc.Magazines;

namespace MagAlloc.Interleaving.Magazines;

/// <summary>A depot over a few nodes.</summary>
internal sealed class DepotWorld : IDisposable
{
    private readonly NativeStack _nodes;
    private Depot _depot;

    public DepotWorld(int nodes, int pushed)
    {
        _nodes = new NativeStack(nodes);
        for (uint node = 0; node < pushed; node++)
        {
            Push(node);
        }
    }

    public void Push(uint node)
    {
        _nodes.Release(node);
        _depot.Push(_nodes.Links, node);
    }

    public bool TryPop(out uint node)
    {
        if (!_depot.TryPop(_nodes.Links, out node))
        {
            return false;
        }

        _nodes.Take(node);
        return true;
    }

    public void PopAndPush(int times)
    {
        for (int i = 0; i < times; i++)
        {
            if (TryPop(out uint node))
            {
                Push(node);
            }
        }
    }

    public void EndInterval() => Must.Hold(_depot.EndInterval() >= 0);

    /// <summary>At rest: no node is lost, and the count is exact.</summary>
    public void Check(int missing = 0)
    {
        int count = _depot.Count;
        List<uint> left = [];
        while (left.Count <= 8 && _depot.TryPop(_nodes.Links, out uint node))
        {
            left.Add(node);
        }

        _nodes.CheckBooks(left, missing);
        Must.Hold(Math.Abs(count - left.Count) <= missing, $"the count says {count}, the stack has {left.Count}");
    }

    public void Dispose() => _nodes.Dispose();
}
