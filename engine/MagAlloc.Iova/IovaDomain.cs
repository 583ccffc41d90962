using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Numerics;
using MagAlloc.Concurrency;
using MagAlloc.Events;
using MagAlloc.Magazines;
using MagAlloc.Platform;

namespace MagAlloc.Iova;

/// <summary>
/// An allocator of address ranges: what Linux's <c>drivers/iommu/iova.c</c> is for DMA addresses, for any space of numbers
/// (VFIO, vIOMMU, device heaps, GPU virtual addresses, ids). It hands out numbers, and owns no memory behind them.
/// </summary>
/// <remarks>
/// <para>Sizes are counted in granules, and addresses in pfns (page-frame numbers): an address divided by the granule.
/// Limits are inclusive pfns. Pfns below <see cref="StartPfn"/> or above <see cref="LastPfn"/> are never handed out.</para>
/// <para><b>Two ways.</b> <see cref="AllocateFast"/> and <see cref="FreeFast"/> (<c>alloc_iova_fast</c>, <c>free_iova_fast</c>)
/// go through the thread's magazines: no atomic operation, no search. <see cref="Allocate"/> and <see cref="Free(IovaRange)"/>
/// (<c>alloc_iova</c>, <c>free_iova</c>) go to the tree of ranges: O(log n), whatever the fragmentation.</para>
/// <para><b>Placement.</b> A range out of the tree is the highest that is free, fits and is aligned, where sizes that are no
/// power of two prefer the space of a free aligned block of the next power of two. A range out of a magazine is any that
/// fits.</para>
/// <para>All members may be called from any thread at any time; a range may be freed by another thread than its allocator's.
/// All of them are lock-free, construction and disposal excepted, and allocate no managed memory, except
/// <see cref="Reserve"/>, <see cref="EnumerateInUse"/> and the report of a misuse.</para>
/// <para>A domain that is never disposed lives until the process ends.</para>
/// </remarks>
public sealed unsafe partial class IovaDomain : IDisposable
{
    // As the kernel: loaded and prev for each CPU.
    private const int MagazinesPerProcessor = 2;

    // Address space only; what does not fit into so many goes past the magazines.
    private const int MostMagazines = 64 * 1024;

    // Where there is not so much of it.
    private const int FewestMagazines = 1024;

    // Not 0, and no cache's number: those of engines are positive, and of the negative ones this is the last visit's last word.
    private const long NoFastPath = -1;

    private readonly IovaDomainOptions _options;
    private readonly IovaMisuseLog _misuses;
    private readonly CommitCounter _committed;
    private readonly IovaRanges _ranges = null!;
    private readonly IovaEngine<IovaSource> _engine = null!;
    private readonly IovaCaches _caches = null!;
    private readonly IovaBooks _books = null!;
    private readonly IovaSpace _space;

    // For the fast path: one load each from this object. Where checks are on the number is one that no cache has.
    private readonly long _fastId = NoFastPath;
    private readonly ulong _upperStart;
    private readonly ulong _upperSpan;
    private readonly ulong _startPfn;

    /// <summary>Makes a domain (<c>init_iova_domain</c> and <c>iova_domain_init_rcaches</c> in one).</summary>
    /// <param name="granule">Bytes of a granule: a power of two from 1 to 1 GiB. Ids have granule 1.</param>
    /// <param name="startPfn">The lowest pfn that may be handed out. 1 keeps address 0 out, as most drivers do; 0 is legal.</param>
    /// <param name="options">Null: defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException">An argument or option is out of range; the message names it and the range.</exception>
    /// <exception cref="OutOfMemoryException">
    /// Address space, a magazine, the thread's cache or the worker was refused; nothing is left behind.
    /// </exception>
    /// <remarks>
    /// A sequence of fallible steps: the tree of ranges, the store of magazines, every magazine, this thread's cache, the worker.
    /// Fields are null before the first, and a failure at any runs the same code as <see cref="Dispose"/>.
    /// </remarks>
    public IovaDomain(ulong granule = 4096, ulong startPfn = 1, IovaDomainOptions? options = null)
    {
        _options = options is null ? new IovaDomainOptions() : options with { };
        _options.Validate(granule, startPfn);
        int shift = BitOperations.Log2(granule);
        _space = new IovaSpace(shift, startPfn, _options.LastPfn(shift));
        _startPfn = startPfn;
        _upperStart = _space.UpperStart;
        _upperSpan = LastPfn - _upperStart;
        bool marks = _options.Checks != CheckLevel.None;
        long id = EngineIds.Next();
        _options.Faults?.Observe(FaultEvents.Tell);
        _committed = new CommitCounter(id, long.MaxValue);
        _misuses = new IovaMisuseLog(_options.Name, id);
        try
        {
            _ranges = new IovaRanges(_space, _options, _misuses, _committed.Transit);
            int parts = _space.HasLower ? 2 : 1;
            int magazines = _options.PreallocateMagazines ? MagazinesPerProcessor * Environment.ProcessorCount * _options.CachedOrders * parts : 0;
            _engine = new IovaEngine<IovaSource>(
                new IovaSource(_ranges.Tree, startPfn, _upperStart, LastPfn, _misuses, marks, _options.Faults),
                new EngineOptions(
                    _options.Name,
                    Classes(_options.CachedOrders, _space.HasLower),
                    ExtraCodes: 0,
                    Math.Max(MostMagazines, magazines),
                    _committed,
                    _options.Reclaim.Policy,
                    _options.Reclaim.DepotThreshold,
                    _options.Faults,
                    id,
                    Math.Max(FewestMagazines, magazines)));
            _caches = new IovaCaches(_engine, _ranges, _space, _options.CachedOrders, _committed.Transit);
            _books = new IovaBooks(_engine, _ranges, _caches, _space, _options, _committed, _misuses);
            _engine.Prepare(magazines);
            if (_engine.Current() == null)
            {
                throw new OutOfMemoryException("The thread's cache could not be made.");
            }

            if (_options.Reclaim.Worker)
            {
                _engine.StartWorker(_options.Reclaim.Interval, _engine.Tick);
            }

            if (!marks)
            {
                _fastId = _engine.Id;
            }

            OwnerRegistry.Instance.Announce(_books, _options.Faults);
        }
        catch
        {
            Close();
            throw;
        }
    }

    /// <summary>
    /// Raised for every misuse that is found; those of cached frees, without checks, away from the offender's stack: on the worker's
    /// thread, in the middle of another thread's operation, or on the finalizer thread. An exception out of a handler is
    /// swallowed; a handler must not dispose the domain.
    /// </summary>
    public event Action<IovaMisuseReport>? MisuseDetected
    {
        add => _misuses.Detected += value;
        remove => _misuses.Detected -= value;
    }

    /// <summary>The name from the options.</summary>
    public string Name => _options.Name;

    /// <summary>What is checked.</summary>
    public CheckLevel Checks => _options.Checks;

    /// <summary>Bytes of a granule.</summary>
    public ulong Granule => 1UL << Shift;

    /// <summary>Binary logarithm of <see cref="Granule"/> (<c>iova_shift</c>).</summary>
    public int Shift => _space.Shift;

    /// <summary><see cref="Granule"/> - 1: the bits of an address below its pfn (<c>iova_mask</c>).</summary>
    public ulong Mask => Granule - 1;

    /// <summary>The lowest pfn that may be handed out.</summary>
    public ulong StartPfn => _startPfn;

    /// <summary>The highest pfn of the space. A limit above it means it.</summary>
    public ulong LastPfn => _space.Last;

    /// <summary>The highest pfn whose addresses are below 4 GiB: the limit for devices with 32 address bits.</summary>
    public ulong Dma32LastPfn => _space.Dma32Last;

    /// <summary>
    /// The largest cached request, in bytes (<c>iova_rcache_range</c>): callers that can split their requests do well to stay
    /// within it.
    /// </summary>
    public ulong MaxCachedSize => Granule << (_options.CachedOrders - 1);

    /// <summary>Bytes of an address above its granule's first (<c>iova_offset</c>).</summary>
    /// <param name="address">Any address.</param>
    public ulong Offset(ulong address) => address & Mask;

    /// <summary>Rounds a number of bytes up to whole granules (<c>iova_align</c>).</summary>
    /// <param name="bytes">Any number.</param>
    /// <exception cref="OverflowException">The result is 2^64.</exception>
    public ulong Align(ulong bytes) => checked(bytes + Mask) & ~Mask;

    /// <summary>Granules that a number of bytes needs. Cannot overflow.</summary>
    /// <param name="bytes">Any number.</param>
    public ulong ToUnits(ulong bytes) => (bytes >> Shift) + (Offset(bytes) != 0 ? 1UL : 0);

    /// <summary>The address that a pfn stands for (<c>iova_dma_addr</c>).</summary>
    /// <param name="pfn">A pfn of the domain.</param>
    /// <exception cref="ArgumentOutOfRangeException">The pfn is above <see cref="LastPfn"/>.</exception>
    public ulong ToAddress(ulong pfn)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(pfn, LastPfn);
        return pfn << Shift;
    }

    /// <summary>The address of a range's first byte.</summary>
    /// <param name="range">A range of the domain.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range begins above <see cref="LastPfn"/>.</exception>
    public ulong ToAddress(IovaRange range) => ToAddress(range.First);

    /// <summary>The pfn of an address (<c>iova_pfn</c>). Not checked against <see cref="LastPfn"/>.</summary>
    /// <param name="address">Any address.</param>
    public ulong ToPfn(ulong address) => address >> Shift;

    /// <summary>
    /// Ends the domain: cached, reserved and allocated ranges go with it. Does not wait for other threads; those in the middle
    /// of an operation end it, or get <see cref="ObjectDisposedException"/>; every operation that begins after this call has returned does.
    /// Not cut short by <see cref="Thread.Interrupt"/>, which stays pending. Calling it again does nothing.
    /// </summary>
    /// <exception cref="InvalidOperationException">A handler of <see cref="MisuseDetected"/> calls.</exception>
    public void Dispose()
    {
        MisuseListeners.RequireNotReporting();
        Close();
    }

    private static MagazineClass[] Classes(int cachedOrders, bool hasLower)
    {
        // All have codes, so that the fast path knows one bound; those that are not cached have no magazines.
        var classes = new MagazineClass[2 * IovaSource.Orders];
        for (int code = 1; code <= classes.Length; code++)
        {
            int order = IovaSource.OrderOf(code);
            int capacity = order < cachedOrders && (hasLower || code <= IovaSource.Orders) ? Magazine.Slots : 0;
            classes[code - 1] = new MagazineClass(capacity, (long)capacity << order, Math.Max(1, capacity));
        }

        return classes;
    }

    /// <summary>Ends a domain that may be partly built.</summary>
    private void Close()
    {
        using Uninterrupted.Scope quiet = Uninterrupted.Begin();
        _engine?.StopWorker();
        try
        {
            if (_books is not null)
            {
                OwnerRegistry.Instance.Withdraw(_books, _options.Faults);
            }
        }
        finally
        {
            _committed.Close();
            if (_engine is null)
            {
                _ranges?.Tree.Release();
            }
            else
            {
                _engine.Close(discard: null, (steps, _) => _ranges.Tree.Bequeath(steps), drainThreads: false);
            }
        }
    }

    [DoesNotReturn]
    private void ThrowExhausted(ulong size, ulong limitPfn)
    {
        string why = Refusal.Last == RefusalKind.Injected ? "a fault plan made a step fail. " : "";
        IovaStatistics books = GetStatistics();
        throw new IovaExhaustedException(Name, size, limitPfn, string.Create(
            CultureInfo.InvariantCulture,
            $"{why}Allocated: {books.AllocatedUnits} pfns, cached: {books.CachedUnits}, reserved: {books.ReservedUnits}, free: {books.FreeUnits}; committed: {books.CommittedBytes} bytes."));
    }
}
