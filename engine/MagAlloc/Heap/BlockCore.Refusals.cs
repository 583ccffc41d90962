using System.Globalization;
using MagAlloc.Events;
using MagAlloc.Platform;

namespace MagAlloc;

/// <content>What an exception says about a refusal.</content>
internal unsafe partial class BlockCore<TSource>
{
    /// <summary>The exception for the step that this thread was refused last. Called by whoever throws it: the owner is alive, or disposed.</summary>
    /// <param name="what">What there is no memory for.</param>
    /// <exception cref="ObjectDisposedException">The owner is disposed.</exception>
    public OutOfMemoryException OutOfMemory(string what)
    {
        // Before anything here can be refused itself.
        RefusalKind why = Refusal.Last;
        ObjectDisposedException.ThrowIf(!Engine.TryEnter(), typeof(TSource));
        try
        {
            Ledger books = Read();
            return new OutOfMemoryException(string.Create(
                CultureInfo.InvariantCulture,
                $"{Name}: no memory for {what}: {Describe(why)} Allocated: {books.AllocatedBytes} bytes, cached: {books.CachedBytes}, committed: {books.CommittedBytes}."));
        }
        finally
        {
            Engine.Leave();
        }
    }

    private string Describe(RefusalKind why) => why switch
    {
        RefusalKind.ByteLimit when _isLimitOfContainer => string.Create(
            CultureInfo.InvariantCulture,
            $"the byte limit is {Committed.Limit} bytes, a share of the container's. Free something, or raise {nameof(NativeHeapOptions.ContainerFraction)} (property MagAlloc.HeapLimitPercent)."),
        RefusalKind.ByteLimit => string.Create(
            CultureInfo.InvariantCulture, $"the byte limit is {Committed.Limit} bytes. Free something, or raise {nameof(NativeHeapOptions.ByteLimit)}."),
        RefusalKind.Reservation => string.Create(
            CultureInfo.InvariantCulture,
            $"the reservation of {Arena.Bytes} bytes, aligned to {Arena.BaseAlignment}, has no free place for it. Free something, or raise {nameof(NativeHeapOptions.ReservedBytes)}."),
        RefusalKind.Memory => $"{Committed.Budget.Describe()}.",
        RefusalKind.System => $"the operating system refused ({Committed.Budget.Memory.DescribeRefusals()}).",
        RefusalKind.Injected => "a fault plan made a step fail.",
        _ => "a step was refused.",
    };
}
