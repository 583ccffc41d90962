using System.Diagnostics;
using MagAlloc.Stress.Verification;

namespace MagAlloc.Stress.InitSweep;

/// <summary>
/// Makes fallible step 1, 2, 3, … of one component fail until an attempt passes without a fault; then, for each kind of step,
/// all of its steps (one failure is often got over by a flush and a retry, a lasting one is not). After each: exactly one clear
/// exception, or none when the component got over it; no mapping, no descriptor and no thread left; and the next attempt succeeds.
/// </summary>
/// <remarks>
/// The runtime maps memory and starts threads of its own at any time (code heaps, tiered compilation, thread stacks that libc
/// keeps for reuse). Hence a left-over counts only when it is there after a pause and in <em>every</em> repetition of the same
/// attempt: a leak of the engine is as deterministic as the fault that caused it, the runtime's noise is not.
/// </remarks>
internal sealed class ComponentSweep(InitScenario scenario)
{
    private const int WarmUps = 5;
    private const int Repetitions = 6;
    private const int SettlingPauses = 12;
    private const int MaxFaultPoints = 10_000;

    private readonly List<string> _failures = [];
    private readonly LatencyHistogram _latency = new();
    private LeftOver _leftOver;
    private long _attempts;
    private long _injected;
    private long _absorbed;
    private long _faultPoints;
    private long _lastingFaults;

    public ComponentResult Run(CancellationToken interruption)
    {
        // The first attempts compile code, fill the runtime's pools and make libc map thread stacks it keeps.
        for (int i = 0; i < WarmUps; i++)
            Succeed("warm-up");
        Examine("without a fault", () => Succeed("without a fault"));

        while (_failures.Count == 0 && !interruption.IsCancellationRequested)
        {
            long step = _faultPoints + 1;
            bool injected = false;
            Examine($"step {step} failed", () => injected = Fail($"step {step}", FaultPlan.FailNth(step)));
            if (!injected)
                break;
            _faultPoints = step;
            Succeed($"after step {step} had failed");
            if (step == MaxFaultPoints)
                _failures.Add($"{scenario.Name}: still failing at step {step}");
        }

        foreach (FaultPoint point in Enum.GetValues<FaultPoint>())
            FailAll(point, interruption);

        return new ComponentResult
        {
            Name = scenario.Name,
            FaultPoints = _faultPoints,
            AbsorbedFaults = _absorbed,
            LastingFaults = _lastingFaults,
            LeakedBytes = _leftOver.Bytes,
            LeftoverMappings = _leftOver.Mappings,
            LeftoverThreads = _leftOver.Threads,
            LeftoverDescriptors = _leftOver.Descriptors,
            Attempts = _attempts,
            InjectedFaults = _injected,
            Latency = _latency,
            Failures = _failures,
        };
    }

    /// <summary>Every step of one kind fails, and the retries after it as well.</summary>
    private void FailAll(FaultPoint point, CancellationToken interruption)
    {
        if (_failures.Count != 0 || interruption.IsCancellationRequested)
            return;
        string what = $"every {point} step";
        bool injected = false;
        Examine($"{what} failed", () => injected = Fail(what, FaultPlan.Random(1).At(point)));
        if (!injected)
            return;
        _lastingFaults++;
        Succeed($"after {what} had failed");
    }

    /// <summary>One attempt with failing steps; true when one was reached.</summary>
    private bool Fail(string what, FaultPlan plan)
    {
        bool threw = true;
        try
        {
            Attempt(plan);
            threw = false;
        }
        catch (Exception e) when (e is OutOfMemoryException or PlatformException or IovaExhaustedException or BufferException)
        {
            if (string.IsNullOrWhiteSpace(e.Message) || e.InnerException is AggregateException)
                _failures.Add($"{scenario.Name}: {what}: {e.GetType().Name} does not say what failed");
            if (plan.Injected == 0)
                _failures.Add($"{scenario.Name}: {e.GetType().Name} though nothing was made to fail: {e.Message}");
        }
        catch (Exception e)
        {
            _failures.Add($"{scenario.Name}: {what}: {e.GetType().Name} instead of one clear exception: {e.Message}");
        }

        _injected += plan.Injected;
        if (!threw && plan.Injected != 0)
            _absorbed++;
        return plan.Injected != 0;
    }

    private void Succeed(string when)
    {
        try
        {
            Attempt(null);
        }
        catch (Exception e)
        {
            _failures.Add($"{scenario.Name}: {when}: {e.GetType().Name}: {e.Message}");
        }
    }

    private void Attempt(FaultPlan? plan)
    {
        long start = Stopwatch.GetTimestamp();
        try
        {
            scenario.Attempt(plan);
        }
        finally
        {
            _latency.RecordSince(start);
            _attempts++;
        }
    }

    private void Examine(string what, Action attempt)
    {
        long absorbedBefore = _absorbed;
        LeftOver common = new(long.MaxValue, long.MaxValue, int.MaxValue, int.MaxValue);
        for (int i = 0; i < Repetitions && !common.IsNothing && _failures.Count == 0; i++)
        {
            ProcessFootprint before = ProcessFootprint.Take();
            attempt();
            common = common.CommonWith(Settled(before));
        }

        // Repetitions of one attempt are one fault.
        _absorbed = Math.Min(_absorbed, absorbedBefore + 1);
        if (common.IsNothing || _failures.Count != 0)
            return;
        _leftOver = new LeftOver(
            _leftOver.Bytes + common.Bytes,
            _leftOver.Mappings + common.Mappings,
            _leftOver.Threads + common.Threads,
            _leftOver.Descriptors + common.Descriptors);
        _failures.Add($"{scenario.Name}: {what}: {common} are left");
    }

    private static LeftOver Settled(ProcessFootprint before)
    {
        LeftOver left = ProcessFootprint.Take().Since(before);
        for (int i = 0; i < SettlingPauses && !left.IsNothing; i++)
        {
            Thread.Sleep(1 << Math.Min(i, 5));
            left = ProcessFootprint.Take().Since(before);
        }

        return left;
    }
}
