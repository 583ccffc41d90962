using MagAlloc.Concurrency;
using MagAlloc.Platform;

namespace MagAlloc.Diagnostics;

/// <summary>Makes chosen steps of the engine fail as if memory had run out, to test what a program does then.</summary>
/// <remarks>
/// <para>Give a plan to a heap through <c>NativeHeapOptions.Faults</c>. Every fallible step of the engine asks the plan; the plan numbers
/// the steps from 1 and decides by the number alone, so that a run in one thread fails at the same places every time. With
/// several threads, which of them gets which number is a matter of their timing.</para>
/// <para>Thread-safe and lock-free. Restrict the plan with <see cref="At"/> before handing it out. A plan may serve several heaps;
/// they then share its numbering.</para>
/// </remarks>
public sealed class FaultPlan
{
    private const long Unbounded = -1;

    // A double holds 53 bits exactly: the hash is cut to as many and compared with the probability at that scale.
    private const int DecisionBits = 53;

    private readonly long _nth;
    private readonly long _second;
    private readonly ulong _threshold;
    private readonly long _interval;
    private readonly long _times;
    private readonly ulong _seed;

    private uint _points = uint.MaxValue;
    private long _disabled;
    private long _steps;
    private long _injected;
    private Action<FaultPoint, long>? _observer;

    private FaultPlan(long nth, long second, ulong threshold, long interval, long times, ulong seed)
    {
        _nth = nth;
        _second = second;
        _threshold = threshold;
        _interval = interval;
        _times = times;
        _seed = seed;
    }

    /// <summary>
    /// Whether steps fail; true at first. While it is false, steps succeed and are not numbered, so that a test can reach
    /// the state it wants to break undisturbed.
    /// </summary>
    public bool Enabled
    {
        get => Atomic.Load(ref _disabled) == 0;
        set => Atomic.Store(ref _disabled, value ? 0 : 1);
    }

    /// <summary>How many steps at this plan's points were numbered so far.</summary>
    public long Steps => Atomic.Load(ref _steps);

    /// <summary>How many of them failed.</summary>
    public long Injected => Atomic.Load(ref _injected);

    /// <summary>A plan by which exactly one step fails.</summary>
    /// <param name="n">The step's number, from 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="n"/> is less than 1.</exception>
    public static FaultPlan FailNth(long n)
    {
        if (n < 1)
        {
            throw new ArgumentOutOfRangeException(nameof(n), n, "Steps are numbered from 1 to long.MaxValue.");
        }

        return new FaultPlan(n, 0, 0, 1, 1, 0);
    }

    /// <summary>A plan by which exactly two steps fail: the second one in what the first one's failure sets off, or behind that.</summary>
    /// <param name="n">The first step's number, from 1.</param>
    /// <param name="second">The other one's, above <paramref name="n"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of range.</exception>
    public static FaultPlan FailNth(long n, long second)
    {
        if (n < 1 || second <= n)
        {
            throw new ArgumentOutOfRangeException(nameof(second), second, $"Steps are numbered from 1, and the second is above the first ({n}).");
        }

        return new FaultPlan(n, second, 0, 1, 2, 0);
    }

    /// <summary>A plan by which steps fail at random, but reproducibly: a step's number and the seed decide.</summary>
    /// <param name="probability">From 0 (never) to 1 (always): how likely a candidate fails.</param>
    /// <param name="interval">Every how many-th step is a candidate, from 1 (all).</param>
    /// <param name="times">How many steps may fail in all; -1 for no bound.</param>
    /// <param name="seed">Chooses the sequence; any value, 0 included, is a fixed sequence.</param>
    /// <exception cref="ArgumentOutOfRangeException">An argument is outside the range given above.</exception>
    public static FaultPlan Random(double probability, int interval = 1, long times = -1, ulong seed = 0)
    {
        // Written so that NaN is refused too.
        if (!(probability >= 0 && probability <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(probability), probability, "A probability is from 0 to 1.");
        }

        if (interval < 1)
        {
            throw new ArgumentOutOfRangeException(nameof(interval), interval, "The interval is from 1 (every step) to int.MaxValue.");
        }

        if (times < Unbounded)
        {
            throw new ArgumentOutOfRangeException(nameof(times), times, "The number of failures is from 0 to long.MaxValue, or -1 for no bound.");
        }

        ulong threshold = (ulong)(probability * (1UL << DecisionBits));
        return new FaultPlan(0, 0, threshold, interval, times, seed);
    }

    /// <summary>
    /// Restricts this plan to some kinds of step: others succeed and are not numbered. A further call replaces the choice.
    /// </summary>
    /// <param name="points">At least one.</param>
    /// <returns>This plan.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="points"/> is null.</exception>
    /// <exception cref="ArgumentException"><paramref name="points"/> is empty.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An element is not a value of <see cref="FaultPoint"/>.</exception>
    public FaultPlan At(params FaultPoint[] points)
    {
        ArgumentNullException.ThrowIfNull(points);
        if (points.Length == 0)
        {
            throw new ArgumentException("A plan without any point would never fail; name at least one.", nameof(points));
        }

        uint chosen = 0;
        foreach (FaultPoint point in points)
        {
            if (!Enum.IsDefined(point))
            {
                throw new ArgumentOutOfRangeException(nameof(points), point, "Only the values of FaultPoint name a kind of step.");
            }

            chosen |= 1u << (int)point;
        }

        _points = chosen;
        return this;
    }

    /// <summary>What every fallible step asks. No plan, no failure.</summary>
    internal static bool Fails(FaultPlan? plan, FaultPoint point) => plan is not null && plan.ShouldFail(point);

    /// <summary>Numbers a step of this kind and decides whether it fails. Any thread.</summary>
    internal bool ShouldFail(FaultPoint point)
    {
        if ((_points >> (int)point & 1) == 0 || !Enabled)
        {
            return false;
        }

        long step = Atomic.Increment(ref _steps);
        if (!IsChosen(step) || !TryTakeFromBudget(out long occurrence))
        {
            return false;
        }

        Refusal.Note(RefusalKind.Injected);
        Atomic.Load(ref _observer)?.Invoke(point, occurrence);
        return true;
    }

    /// <summary>Has every failure told to somebody, with its running number, on the thread that fails. One observer a plan.</summary>
    /// <remarks>A delegate, because those who tell of faults lie above this layer.</remarks>
    internal void Observe(Action<FaultPoint, long> observer) => Atomic.Exchange(ref _observer, observer);

    private bool IsChosen(long step)
    {
        if (_nth != 0)
        {
            return step == _nth || step == _second;
        }

        return step % _interval == 0 && Hash(_seed, (ulong)step) >> (64 - DecisionBits) < _threshold;
    }

    private bool TryTakeFromBudget(out long occurrence)
    {
        if (_times == Unbounded)
        {
            occurrence = Atomic.Increment(ref _injected);
            return true;
        }

        while (true)
        {
            long injected = Atomic.Load(ref _injected);
            occurrence = injected + 1;
            if (injected >= _times)
            {
                return false;
            }

            if (Atomic.CompareExchange(ref _injected, injected + 1, injected) == injected)
            {
                return true;
            }
        }
    }

    /// <summary>
    /// The step-th output of SplitMix64 started at the seed. It has a closed form, which is what makes the decision a pure
    /// function of the number: no generator state to share between threads.
    /// </summary>
    private static ulong Hash(ulong seed, ulong step)
    {
        ulong z = seed + (step * 0x9E3779B97F4A7C15);
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
