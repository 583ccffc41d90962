using System.Buffers;

namespace MagAlloc.Bench.Contenders;

/// <summary>A rented memory, of which one has the owner. Its bytes are reached as a user must: over Memory and Span.</summary>
internal readonly struct OwnerBlock(IMemoryOwner<byte> owner) : IBlock
{
    public readonly IMemoryOwner<byte> Owner = owner;

    public bool IsNone => Owner is null;

    public void Touch() => Owner.Memory.Span[0] = 1;

    public Span<byte> Bytes(int count) => Owner.Memory.Span[..count];
}
