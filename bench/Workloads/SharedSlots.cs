using System.Diagnostics;
using System.Runtime.CompilerServices;
using MagAlloc.Bench.Contenders;

namespace MagAlloc.Bench.Workloads;

/// <summary>Slots from which any thread takes a block and leaves another, in one atomic step.</summary>
internal sealed class SharedSlots<TBlock>
    where TBlock : struct, IBlock
{
    private readonly TBlock[] _slots;

    public SharedSlots(int count)
    {
        // The exchange below takes a block for its one field.
        if (Unsafe.SizeOf<TBlock>() != nint.Size)
            throw new UnreachableException($"{typeof(TBlock).Name} is not of a pointer's size.");
        _slots = new TBlock[count];
    }

    public int Count => _slots.Length;

    /// <summary>Leaves a block, or none by the default value, and returns what was there.</summary>
    public TBlock Exchange(int index, TBlock block)
    {
        ref TBlock slot = ref _slots[index];
        if (RuntimeHelpers.IsReferenceOrContainsReferences<TBlock>())
        {
            object? left = Interlocked.Exchange(ref Unsafe.As<TBlock, object?>(ref slot), Unsafe.As<TBlock, object?>(ref block));
            return Unsafe.As<object?, TBlock>(ref left);
        }

        nint previous = Interlocked.Exchange(ref Unsafe.As<TBlock, nint>(ref slot), Unsafe.As<TBlock, nint>(ref block));
        return Unsafe.As<nint, TBlock>(ref previous);
    }
}
