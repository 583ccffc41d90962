using System.Diagnostics.CodeAnalysis;
using System.Diagnostics.Tracing;
using MagAlloc.Concurrency;
using MagAlloc.Events;
using MagAlloc.Magazines;

namespace MagAlloc;

/// <summary>A heap of unmanaged memory: per-thread magazines over lock-free depots, slabs and one reserved arena.</summary>
/// <remarks>
/// <para>Sizes are in bytes. Blocks are aligned to 16 bytes unless asked for otherwise. Size 0, null and alignment mean what
/// they mean to <see cref="System.Runtime.InteropServices.NativeMemory"/>; one <see cref="Free(void*)"/> serves aligned
/// and other blocks alike.</para>
/// <para>All members may be called from any thread at any time; a block may be freed by another thread than its allocator's.
/// Allocation and free are lock-free, and allocate no managed memory.</para>
/// <para>A heap that is never disposed lives until the process ends.</para>
/// </remarks>
public sealed unsafe partial class NativeHeap : IDisposable
{
    // Not 0: a cache between two engines has that.
    private const long NoFastPath = -1;

    private readonly HeapCore _core;
    private readonly IBlockChecks? _checks;
    private readonly bool _isShared;

    // Copies for the fast path: one load each from this object. Where checks are on the number is one that no cache has.
    private readonly long _fastId;
    private readonly nuint _arenaBase;
    private readonly nuint _arenaBytes;
    private readonly byte* _pageMap;

    /// <summary>Makes a heap with default options.</summary>
    /// <exception cref="OutOfMemoryException">The operating system refused address space, memory or a thread.</exception>
    public NativeHeap()
        : this(new NativeHeapOptions())
    {
    }

    /// <summary>Makes a heap.</summary>
    /// <param name="options">Checked here.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range; the message names it and the range.</exception>
    /// <exception cref="InvalidOperationException">The configuration property <c>MagAlloc.HeapLimitPercent</c> is out of range.</exception>
    /// <exception cref="OutOfMemoryException">
    /// The operating system refused address space, memory or a thread; nothing is left behind.
    /// </exception>
    public NativeHeap(NativeHeapOptions options)
        : this(options, shared: false)
    {
    }

    private NativeHeap(NativeHeapOptions options, bool shared)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _isShared = shared;
        Checks = options.Checks;
        _core = new HeapCore(options);
        try
        {
            _checks = Checks switch
            {
                CheckLevel.Basic => new BasicChecks(_core),
                CheckLevel.Full => new FullChecks(_core),
                _ => null,
            };
            _fastId = _checks is null ? _core.Engine.Id : NoFastPath;
            _arenaBase = (nuint)_core.Arena.Base;
            _arenaBytes = _core.Arena.Bytes;
            _pageMap = _core.Arena.PageMap;
            _core.Checks = _checks;
            _core.Announce();
        }
        catch
        {
            _core.Close();
            throw;
        }
    }

    /// <summary>
    /// Raised for every misuse that is found, also for those found away from the offender's stack: on the worker's thread
    /// in the middle of another thread's operation, or on the finalizer thread. An exception out of a handler is swallowed; a
    /// handler must not dispose the heap.
    /// </summary>
    [SuppressMessage("Design", "CA1003", Justification = "A report needs no sender; the heap's name is in it.")]
    public event Action<MisuseReport>? MisuseDetected
    {
        add => _core.Misuses.Detected += value;
        remove => _core.Misuses.Detected -= value;
    }

    /// <summary>Raised by <see cref="Dispose"/> when <see cref="CheckLevel.Full"/> is on and blocks are still allocated.</summary>
    [SuppressMessage("Design", "CA1003", Justification = "A report needs no sender; the heap's name is in it.")]
    public event Action<LeakReport>? LeaksDetected;

    /// <summary>The heap of the process, with default options, made on first use. It cannot be disposed.</summary>
    /// <exception cref="OutOfMemoryException">There is no room for it; another use tries again.</exception>
    public static NativeHeap Shared => SharedHeap.Instance ?? SharedHeap.MakeLater();

    internal static NativeHeap CreateShared() => new(new NativeHeapOptions { Name = "shared" }, shared: true);

    /// <summary>The name from the options.</summary>
    public string Name => _core.Name;

    /// <summary>Most bytes that the heap may have committed: by its options, or by the container.</summary>
    public long ByteLimit => _core.Committed.Limit;

    /// <summary>What is checked.</summary>
    public CheckLevel Checks { get; }

    internal bool IsShared => _isShared;

    internal HeapCore Core => _core;

    internal IBlockChecks? BlockChecks => _checks;

    /// <summary>
    /// Returns to slabs, and from there to the operating system, all that is unused: what the calling thread, threads that
    /// sleep or have ended and depots hold, and every page without a block in use. Threads that run keep their magazines.
    /// </summary>
    /// <returns>Bytes given back to the operating system.</returns>
    /// <exception cref="ObjectDisposedException">The heap is disposed.</exception>
    public long Trim()
    {
        using Guest inside = _core.Engine.AsGuest();
        _checks?.Trim();
        return _core.Trim();
    }

    /// <summary>One reclaim pass: what the worker does every interval. A second one at the same time returns at once.</summary>
    /// <returns>Whether another pass would find something to do.</returns>
    /// <exception cref="ObjectDisposedException">The heap is disposed.</exception>
    public bool Tick()
    {
        using Guest inside = _core.Engine.AsGuest();
        return _core.Tick() == ReclaimOutlook.Pending;
    }

    /// <summary>Reads the books. Allocates nothing and stops nobody.</summary>
    /// <exception cref="ObjectDisposedException">The heap is disposed.</exception>
    public HeapStatistics GetStatistics() => _core.GetStatistics();

    /// <summary>
    /// Reads the books of each size class that has slabs, smallest blocks first. Stops nobody; allocates the list. Blocks held back by
    /// <see cref="CheckLevel.Full"/> count as allocated.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The heap is disposed.</exception>
    public IReadOnlyList<SizeClassStatistics> GetSizeClassStatistics() => _core.GetSizeClassStatistics();

    /// <summary>
    /// Returns all memory to the operating system. Blocks still allocated become invalid. Threads in the middle of an
    /// operation end with <see cref="ObjectDisposedException"/> or with their block; they never fault: address space that
    /// they may be looking at is emptied at once, and unmapped when they have been seen elsewhere or have ended. Every operation that begins after this call has
    /// returned ends with <see cref="ObjectDisposedException"/>, except that a sized free by a <see cref="HeapThread"/> may do nothing. The call does not wait
    /// for other threads' operations, and is not cut short by <see cref="Thread.Interrupt"/>, which stays pending. Calling it again does nothing.
    /// </summary>
    /// <exception cref="InvalidOperationException">This is <see cref="Shared"/>, or a handler of <see cref="MisuseDetected"/> calls.</exception>
    public void Dispose()
    {
        if (_isShared)
        {
            throw new InvalidOperationException("The shared heap cannot be disposed; make a NativeHeap of your own.");
        }

        MisuseListeners.RequireNotReporting();
        LeakReport? leaks = _core.Engine.IsClosed || _checks is null ? null : Uninterrupted.Get(_checks.FindLeaks);
        TellLeaks(leaks);
        if (_core.Close() && leaks is not null)
        {
            LeaksDetected?.Invoke(leaks);
        }
    }

    private void TellLeaks(LeakReport? leaks)
    {
        MagAllocEventSource log = MagAllocEventSource.Log;
        if (leaks is null || !log.IsEnabled(EventLevel.Warning, MagAllocEventSource.Keywords.Leak))
        {
            return;
        }

        foreach (LeakedBlock block in leaks.Samples)
        {
            log.LeakFound(_core.Id, (long)block.Address, block.Bytes);
        }
    }

    [DoesNotReturn]
    private void ThrowOutOfMemory(nuint byteCount) => throw _core.OutOfMemory($"a block of {byteCount} bytes");
}
