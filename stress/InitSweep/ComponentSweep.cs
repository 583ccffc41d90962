using System.Diagnostics;
using MagAlloc.Tooling.Measurement;

namespace MagAlloc.Stress.InitSweep;

/// <summary>
/// Makes fallible step 1, 2, 3, … of one component fail until an attempt passes without a fault; then, for each kind of step,
/// all of its steps (one failure is often got over by a flush and a retry, a lasting one is not). The same again beside a living twin,
/// beside one that is being disposed, and while somebody listens; and then pairs of steps, the second in what the first one's failure sets off.
/// After each: exactly one clear exception, or none when the component got over it; no mapping, no descriptor and no thread left; the next
/// attempt succeeds, and a twin works as before.
/// </summary>
/// <remarks>
/// The runtime maps memory and starts threads of its own at any time (code heaps, tiered compilation, thread stacks that libc
/// keeps for reuse). Hence a left-over counts only when it is there after a pause and in <em>every</em> repetition of the same
/// attempts: a leak of the engine is as deterministic as the fault that caused it, the runtime's noise is not. Attempts are first looked at
/// together, and one by one where something was left.
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
    private long _pairs;
    private string _last = string.Empty;

    private delegate bool Step(string company);

    public ComponentResult Run(CancellationToken interruption)
    {
        // The first attempts compile code, fill the runtime's pools and make libc map thread stacks it keeps.
        for (int i = 0; i < WarmUps; i++)
            Succeed("warm-up");
        Examine("without a fault", () => Succeed("without a fault"));

        // How many steps there are is found on the way.
        List<Step> single = [];
        while (Goes(interruption) && single.Count < MaxFaultPoints)
        {
            long step = single.Count + 1;
            if (!Fail($"step {step}", FaultPlan.FailNth(step)))
                break;
            single.Add(company => Fail($"step {step}{company}", FaultPlan.FailNth(step)) && (company.Length != 0 || Succeed($"after step {step} had failed")));
        }

        if (single.Count == MaxFaultPoints)
            _failures.Add($"{scenario.Name}: still failing at step {MaxFaultPoints}");
        List<Step> lasting = [];
        foreach (FaultPoint point in Enum.GetValues<FaultPoint>())
        {
            string what = $"every {point} step";
            if (Goes(interruption) && Fail(what, FaultPlan.Random(1).At(point)))
                lasting.Add(company => Fail($"{what}{company}", FaultPlan.Random(1).At(point)) && (company.Length != 0 || Succeed($"after {what} had failed")));
        }

        long absorbed = _absorbed;
        List<Step> both = [.. single, .. lasting];
        Sweep(both, string.Empty, interruption);
        BesideALivingTwin(both, interruption);
        BesideOneThatEnds(single, interruption);
        WhileOthersListen(single, interruption);
        SweepPairs(single.Count, interruption);

        return new ComponentResult
        {
            Name = scenario.Name,
            FaultPoints = single.Count,
            AbsorbedFaults = absorbed,
            LastingFaults = lasting.Count,
            Pairs = _pairs,
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

    private bool Goes(CancellationToken interruption) => _failures.Count == 0 && !interruption.IsCancellationRequested;

    private void BesideALivingTwin(IReadOnlyList<Step> steps, CancellationToken interruption)
    {
        const string Company = " beside a living twin";
        Guard(Company, () =>
        {
            using Twin twin = scenario.MakeTwin();
            twin.Use();
            Sweep(steps, Company, interruption);
            Succeed($"after all had failed{Company}");
            twin.Use();
        });
    }

    private void BesideOneThatEnds(IReadOnlyList<Step> steps, CancellationToken interruption)
    {
        const string Company = " beside a twin that is being disposed";
        Sweep(steps, Company, interruption, attempts => Guard(Company, () =>
        {
            using CancellationTokenSource done = new();
            Exception? failure = null;
            Thread ending = new(() =>
            {
                try
                {
                    while (!done.IsCancellationRequested)
                    {
                        using Twin twin = scenario.MakeTwin();
                        twin.Use();
                    }
                }
                catch (Exception e)
                {
                    failure = e;
                }
            });
            ending.Start();
            attempts();
            done.Cancel();
            ending.Join();
            if (failure is not null)
                throw failure;
        }));
    }

    private void WhileOthersListen(IReadOnlyList<Step> steps, CancellationToken interruption)
    {
        const string Company = " beside a living twin, with listeners";
        Guard(Company, () =>
        {
            Listeners listeners = new();
            using (Twin twin = scenario.MakeTwin())
            {
                // Those that listen have pools of their own to fill.
                Succeed(Company);
                Sweep(steps, Company, interruption);
                twin.Use();
            }

            listeners.Stop();
        });
    }

    /// <summary>For each step every one that comes after its failure fails as well.</summary>
    private void SweepPairs(int steps, CancellationToken interruption)
    {
        const string Company = " beside a living twin";
        Guard(Company, () =>
        {
            using Twin twin = scenario.MakeTwin();
            List<Step> pairs = [];
            for (long n = 1; n <= steps && Goes(interruption); n++)
            {
                FaultPlan first = FaultPlan.FailNth(n);
                Fail($"step {n}{Company}", first);
                for (long second = n + 1; second <= first.Steps; second++)
                {
                    long a = n;
                    long b = second;
                    pairs.Add(company => Fail($"steps {a} and {b}{company}", FaultPlan.FailNth(a, b)));
                }
            }

            _pairs = pairs.Count;
            Sweep(pairs, Company, interruption);
            Succeed("after all pairs had failed");
            twin.Use();
        });
    }

    /// <summary>Takes steps together, and when something was left one by one.</summary>
    /// <param name="steps">Attempts that fail.</param>
    /// <param name="company">What is beside them, for messages.</param>
    /// <param name="interruption">Ends it.</param>
    /// <param name="around">Has the company come and go around the attempts; null: it is there.</param>
    private void Sweep(IReadOnlyList<Step> steps, string company, CancellationToken interruption, Action<Action>? around = null)
    {
        if (Goes(interruption) && !IsLeft(() => Take(steps)).IsNothing)
        {
            foreach (Step step in steps)
            {
                if (Goes(interruption))
                    Examine($"one step{company}", () => Take([step]));
            }
        }

        void Take(IReadOnlyList<Step> some)
        {
            Action attempts = () =>
            {
                foreach (Step step in some)
                {
                    if (!Goes(interruption))
                        return;
                    step(company);
                }
            };
            (around ?? (all => all()))(attempts);
        }
    }

    private void Guard(string company, Action action)
    {
        if (_failures.Count != 0)
            return;
        try
        {
            action();
        }
        catch (Exception e)
        {
            _failures.Add($"{scenario.Name}:{company}: {e.GetType().Name}: {e.Message}");
        }
    }

    /// <summary>One attempt with failing steps; true when one was reached.</summary>
    private bool Fail(string what, FaultPlan plan)
    {
        _last = what;
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

    private bool Succeed(string when)
    {
        try
        {
            Attempt(null);
            return true;
        }
        catch (Exception e)
        {
            _failures.Add($"{scenario.Name}: {when}: {e.GetType().Name}: {e.Message}");
            return false;
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
        LeftOver left = IsLeft(attempt);
        if (left.IsNothing || _failures.Count != 0)
            return;
        _leftOver = new LeftOver(
            _leftOver.Bytes + left.Bytes,
            _leftOver.Mappings + left.Mappings,
            _leftOver.Threads + left.Threads,
            _leftOver.Descriptors + left.Descriptors);
        _failures.Add($"{scenario.Name}: {what} ({_last}): {left} are left");
    }

    /// <summary>What every repetition leaves.</summary>
    private LeftOver IsLeft(Action attempt)
    {
        LeftOver common = new(long.MaxValue, long.MaxValue, int.MaxValue, int.MaxValue);
        for (int i = 0; i < Repetitions && !common.IsNothing && _failures.Count == 0; i++)
        {
            ProcessFootprint before = ProcessFootprint.Take();
            attempt();
            common = common.CommonWith(Settled(before));
        }

        return common;
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
