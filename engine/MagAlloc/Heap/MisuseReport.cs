namespace MagAlloc.Diagnostics;

/// <summary>A misuse that was found, with what is known about it.</summary>
public sealed class MisuseReport
{
    internal MisuseReport(MisuseKind kind, nuint address, string heapName, string? allocationStack = null, string? freeStack = null)
    {
        Kind = kind;
        Address = address;
        HeapName = heapName;
        AllocationStack = allocationStack;
        FreeStack = freeStack;
    }

    /// <summary>What was done wrong.</summary>
    public MisuseKind Kind { get; }

    /// <summary>The pointer concerned.</summary>
    public nuint Address { get; }

    /// <summary>Name of the heap or pool that found it.</summary>
    public string HeapName { get; }

    /// <summary>Where the block was allocated; null unless <see cref="CheckLevel.Full"/>.</summary>
    public string? AllocationStack { get; }

    /// <summary>Where the block was freed before; null unless <see cref="CheckLevel.Full"/> and it was.</summary>
    public string? FreeStack { get; }

    /// <summary>One sentence for people.</summary>
    public string Message => $"{HeapName}: {Describe(Kind)} (0x{Address:x}).";

    /// <inheritdoc/>
    public override string ToString()
        => Message
            + (AllocationStack is null ? string.Empty : $"{Environment.NewLine}Allocated at:{Environment.NewLine}{AllocationStack}")
            + (FreeStack is null ? string.Empty : $"{Environment.NewLine}Freed at:{Environment.NewLine}{FreeStack}");

    private static string Describe(MisuseKind kind) => kind switch
    {
        MisuseKind.DoubleFree => "the block is free already",
        MisuseKind.ForeignPointer => "the pointer was never handed out by this heap",
        MisuseKind.MisalignedPointer => "the pointer is not the start of a block",
        MisuseKind.WrongSize => "the block was asked for with another size",
        MisuseKind.WriteAfterFree => "the block was written to after it was freed",
        MisuseKind.RedZone => "bytes before or behind the block were overwritten",
        _ => kind.ToString(),
    };
}
