namespace MagAlloc.Events;

/// <summary>A queue of exportable buffers as events and instruments see it.</summary>
internal interface IBufferOwner : IEventOwner
{
    /// <returns>False when the queue is disposed.</returns>
    bool TryGetBufferFigures(out BufferFigures figures);
}
