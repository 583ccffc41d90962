using MagAlloc.Interleaving.Exploration;
using MagAlloc.Slabs;

namespace MagAlloc.Interleaving.Slabs;

/// <summary>No scenario here misuses a block: whoever says so is wrong.</summary>
internal sealed class StrictSink : IMisuseSink
{
    public void Report(MisuseKind kind, nuint address) => throw new InterleavingException($"{kind} reported for a good block");
}
