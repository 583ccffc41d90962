namespace MagAlloc.Bench.Contenders;

/// <summary>A block of unmanaged memory.</summary>
internal readonly unsafe struct AddressBlock(void* address) : IBlock
{
    public readonly void* Address = address;

    public bool IsNone => Address is null;

    public void Touch() => *(byte*)Address = 1;

    public Span<byte> Bytes(int count) => new(Address, count);
}
