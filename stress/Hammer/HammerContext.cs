using MagAlloc.Stress.Verification;

namespace MagAlloc.Stress.Hammer;

/// <summary>What all threads of a hammer run share.</summary>
internal sealed class HammerContext(HammerOptions options, NativeHeap heap) : IDisposable
{
    private int _lastOwner;
    private bool _stopping;

    public HammerOptions Options { get; } = options;

    public NativeHeap Heap { get; } = heap;

    public HandOverSlots Slots { get; } = new(options.Threads);

    public IntegrityLog Log { get; } = new();

    public CountdownEvent LanesRunning { get; } = new(options.Threads);

    public bool Stopping => Volatile.Read(ref _stopping);

    public void Stop() => Volatile.Write(ref _stopping, true);

    /// <summary>A number for every thread that ever runs: the owner in its blocks' pattern.</summary>
    public uint NextOwner() => (uint)Interlocked.Increment(ref _lastOwner);

    public void Dispose()
    {
        Slots.Dispose();
        LanesRunning.Dispose();
    }
}
