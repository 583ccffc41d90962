using System.Globalization;
using System.Text;

namespace MagAlloc.Diagnostics;

/// <summary>The blocks that were still allocated when a heap with <see cref="CheckLevel.Full"/> was disposed.</summary>
public sealed class LeakReport
{
    internal LeakReport(string heapName, long blocks, long bytes, IReadOnlyList<LeakedBlock> samples)
    {
        HeapName = heapName;
        Blocks = blocks;
        Bytes = bytes;
        Samples = samples;
    }

    /// <summary>Name of the heap.</summary>
    public string HeapName { get; }

    /// <summary>How many blocks leaked.</summary>
    public long Blocks { get; }

    /// <summary>Sum of the sizes asked for, in bytes.</summary>
    public long Bytes { get; }

    /// <summary>The oldest leaked blocks, at most 100.</summary>
    public IReadOnlyList<LeakedBlock> Samples { get; }

    /// <inheritdoc/>
    public override string ToString()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{HeapName}: {Blocks} blocks ({Bytes} bytes) were never freed.");
        foreach (LeakedBlock block in Samples)
        {
            text.AppendLine().Append(CultureInfo.InvariantCulture, $"0x{block.Address:x}: {block.Bytes} bytes, thread {block.ThreadId}");
            if (block.AllocationStack is not null)
            {
                text.AppendLine().Append(block.AllocationStack.TrimEnd());
            }
        }

        return text.ToString();
    }
}
