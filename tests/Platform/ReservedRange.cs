using MagAlloc.Platform;

namespace MagAlloc.Tests.Platform;

/// <summary>A reservation that a test releases whatever happens.</summary>
internal sealed unsafe class ReservedRange : IDisposable
{
    private readonly nuint _bytes;

    public ReservedRange(nuint bytes, nuint alignment = 1)
    {
        _bytes = bytes;
        Address = (byte*)VirtualMemory.Reserve(bytes, alignment);
        if (Address == null)
        {
            throw new InvalidOperationException($"reserving {bytes} bytes failed with error {VirtualMemory.LastError}");
        }
    }

    public byte* Address { get; }

    public void Dispose()
    {
        if (!VirtualMemory.Release(Address, _bytes))
        {
            throw new InvalidOperationException($"releasing {_bytes} bytes failed with error {VirtualMemory.LastError}");
        }
    }
}
