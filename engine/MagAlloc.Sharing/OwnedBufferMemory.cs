using System.Buffers;
using System.Runtime.Versioning;

namespace MagAlloc.Sharing;

/// <summary>The owner's view of a buffer as memory that notices when the buffer is gone.</summary>
[SupportedOSPlatform("linux")]
internal sealed unsafe class OwnedBufferMemory(BufferQueue queue, SharedBuffer buffer) : MemoryManager<byte>
{
    /// <inheritdoc/>
    public override Span<byte> GetSpan()
    {
        // Only to look: as with a span, who releases while others write is at fault.
        byte* mapping = queue.Core.Pin(queue, buffer, forWriting: !buffer.Memory.IsFrozen);
        queue.Core.Unpin(buffer);
        return new Span<byte>(mapping, (int)buffer.Bytes);
    }

    /// <inheritdoc/>
    public override MemoryHandle Pin(int elementIndex = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(elementIndex);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(elementIndex, buffer.Bytes);
        return new MemoryHandle(queue.Core.Pin(queue, buffer, forWriting: !buffer.Memory.IsFrozen) + elementIndex, default, this);
    }

    /// <inheritdoc/>
    public override void Unpin() => queue.Core.Unpin(buffer);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
    }
}
