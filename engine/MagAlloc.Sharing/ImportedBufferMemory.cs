using System.Buffers;
using System.Runtime.Versioning;

namespace MagAlloc.Sharing;

/// <summary>An imported buffer as memory that notices when it is gone.</summary>
[SupportedOSPlatform("linux")]
internal sealed unsafe class ImportedBufferMemory(BufferImport import, int length) : MemoryManager<byte>
{
    /// <inheritdoc/>
    public override Memory<byte> Memory => CreateMemory(length);

    /// <inheritdoc/>
    public override Span<byte> GetSpan()
    {
        byte* mapping = import.Pin();
        import.Unpin();
        return new Span<byte>(mapping, length);
    }

    /// <inheritdoc/>
    public override MemoryHandle Pin(int elementIndex = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(elementIndex);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(elementIndex, length);
        return new MemoryHandle(import.Pin() + elementIndex, default, this);
    }

    /// <inheritdoc/>
    public override void Unpin() => import.Unpin();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
    }
}
