using System.Runtime.ExceptionServices;

namespace MagAlloc.Stress.InitSweep;

/// <summary>An address-range domain is built from fallible steps too: its tree, and every magazine of every order.</summary>
internal static class IovaScenarios
{
    private const ulong Cached = 8;
    private const ulong Uncached = 100;

    public static IReadOnlyList<InitScenario> All { get; } =
    [
        new("iova-domain", "an address-range domain with default options", plan => Use(Options(plan)), MakeTwin),
        new("iova-basic", "an address-range domain with basic checks", plan => Use(Options(plan) with { Checks = CheckLevel.Basic }), MakeTwin),
        new("iova-lazy", "a domain that makes magazines when they are needed", plan => Use(Options(plan) with { PreallocateMagazines = false }), MakeTwin),
        new("iova-thread", "the first use of a domain by a thread", UseFromNewThread, MakeTwin),
        new("iova-dispose", "dispose of a used domain", UseThenDispose, MakeTwin),
    ];

    private static IovaDomainOptions Options(FaultPlan? plan) => new() { Name = "sweep", Faults = plan };

    private static Twin MakeTwin()
    {
        IovaDomain domain = new(options: Options(null));
        return new Twin(domain, () => UseRanges(domain, plan: null));
    }

    private static void Use(IovaDomainOptions options)
    {
        using IovaDomain domain = new(options: options);
        UseRanges(domain, options.Faults);
    }

    private static void UseFromNewThread(FaultPlan? plan)
    {
        plan?.Enabled = false;
        using IovaDomain domain = new(options: Options(plan) with { Reclaim = ReclaimOptions.Manual });
        ExceptionDispatchInfo? failure = null;
        Thread thread = new(() =>
        {
            try
            {
                plan?.Enabled = true;
                UseRanges(domain, plan);
            }
            catch (Exception e)
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }
        });
        thread.Start();
        thread.Join();
        failure?.Throw();
    }

    /// <summary>Giving back must work when memory is short: with magazines to be had for what is freed, and ranges cached, reserved and leaked.</summary>
    private static void UseThenDispose(FaultPlan? plan)
    {
        plan?.Enabled = false;
        using IovaDomain domain = new(options: Options(plan) with { Reclaim = ReclaimOptions.Manual, PreallocateMagazines = false });
        ulong[] pfns = new ulong[1000];
        for (int i = 0; i < pfns.Length; i++)
            pfns[i] = domain.AllocateFast(Cached, domain.LastPfn);
        domain.Reserve(1000, 2000);
        domain.AllocateFast(Uncached, domain.LastPfn);
        plan?.Enabled = true;
        foreach (ulong pfn in pfns)
            domain.FreeFast(pfn, Cached);
        domain.Flush();
        Require(domain.GetStatistics() is { AllocatedRanges: 1, CachedRanges: 0 }, "one range is allocated, the books say otherwise");
    }

    /// <summary>
    /// Gets ranges in every way and frees them. A refusal must leave a domain that works: the same is asked for again with nothing
    /// failing, and only then is the refusal passed on.
    /// </summary>
    private static void UseRanges(IovaDomain domain, FaultPlan? plan)
    {
        ExceptionDispatchInfo? refused = null;
        ulong fast = Tolerating(() => domain.AllocateFast(Cached, domain.LastPfn));
        ulong large = Tolerating(() => domain.AllocateFast(Uncached, domain.Dma32LastPfn));
        IovaRange exact = Tolerating(() => domain.Allocate(Cached + 1, domain.LastPfn, sizeAligned: false));
        IovaReservation reservation = Tolerating(() => domain.Reserve(domain.StartPfn, domain.StartPfn + Cached));
        bool disjoint = !exact.Contains(fast) && !exact.Contains(large) && large + Uncached - 1 <= domain.Dma32LastPfn;
        bool freed = domain.Free(exact) && reservation.Reserved.All(domain.Free);
        domain.FreeFast(large, Uncached);
        domain.FreeFast(fast, Cached);
        Require(disjoint && reservation.IsComplete, "ranges of an empty domain overlap");
        Require(freed, "a range that was held could not be freed");
        Require(domain.GetStatistics() is { AllocatedRanges: 0, ReservedRanges: 0 }, "ranges are still held after all were freed");
        refused?.Throw();

        T Tolerating<T>(Func<T> call)
        {
            try
            {
                return call();
            }
            catch (Exception e) when (e is IovaExhaustedException or OutOfMemoryException)
            {
                refused = ExceptionDispatchInfo.Capture(e);
                plan?.Enabled = false;
                return call();
            }
        }
    }

    private static void Require(bool condition, string otherwise)
    {
        if (!condition)
            throw new InvalidOperationException(otherwise);
    }
}
