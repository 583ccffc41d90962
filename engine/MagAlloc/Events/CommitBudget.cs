using System.Globalization;
using MagAlloc.Concurrency;
using MagAlloc.Platform;

namespace MagAlloc.Events;

/// <summary>What all owners of the process together may still commit, by what <see cref="SystemMemory"/> says.</summary>
/// <remarks>
/// <para><b>Why.</b> Linux grants every commit and ends a process when pages are touched that are not there. So what is large is compared with what is left before it
/// is committed. What of the claims has been touched is in the system's figures already; it is estimated from above (<see cref="SystemMemory.TouchedBytes"/>), so
/// claims never count twice.</para>
/// <para><b>State.</b> <c>claimed</c>: by owners, until they give it back. <c>pending</c>: by requests under way. A request adds itself to <c>pending</c> first and compares
/// then, so of two that do not fit together at least the later one sees the other. One writer at a time keeps the system's answer (<c>writing</c>), for 10 ms; a kept
/// answer grants, a refusal is always a fresh one.</para>
/// <para>Lock-free; any thread; no managed memory. The argument: docs/proofs/commits.md.</para>
/// </remarks>
internal sealed class CommitBudget
{
    private const long Milliseconds = 10;
    private const int HeadroomShare = 32;
    private const long MostHeadroom = 64 << 20;
    private const int Rounds = 4;
    private const long Nothing = -1;

    // More than any machine has: sums of a few of these are still numbers.
    private const long MostBytes = 1L << 56;

    private readonly SystemMemory _memory;
    private readonly long _freshness;
    private readonly int _headroomShare;
    private PaddedLong _claimed;
    private PaddedLong _pending;
    private long _base;
    private long _time = Nothing;
    private int _writing;

    /// <param name="memory">What is asked.</param>
    /// <param name="freshness">How many milliseconds an answer is kept. Tests have none kept.</param>
    /// <param name="headroomShare">Which part of a limit is never granted; 0: none.</param>
    public CommitBudget(SystemMemory memory, long freshness = Milliseconds, int headroomShare = HeadroomShare)
    {
        _headroomShare = headroomShare;
        _memory = memory;
        _freshness = freshness;
    }

    /// <summary>This process's.</summary>
    public static CommitBudget Instance { get; } = new(SystemMemory.Instance);

    /// <summary>What owners have claimed and not given back.</summary>
    public long Claimed => Atomic.Load(ref _claimed.Value);

    /// <summary>What is asked.</summary>
    public SystemMemory Memory => _memory;

    /// <summary>Claims bytes for a request under way, which must be followed by <see cref="Settle"/> or <see cref="Drop"/>.</summary>
    /// <returns>False when there are not so many; nothing is claimed then.</returns>
    public bool TryClaim(long bytes)
    {
        if (bytes > MostBytes)
        {
            Refusal.Note(RefusalKind.Memory);
            return false;
        }

        long pending = Atomic.Add(ref _pending.Value, bytes);
        if (TryRecall(out long kept) && kept - Claimed >= pending)
        {
            return true;
        }

        for (int round = 0; ; round++)
        {
            if (Look() - Claimed >= pending)
            {
                return true;
            }

            if (pending == bytes || round == Rounds)
            {
                Drop(bytes);
                Refusal.Note(RefusalKind.Memory);
                return false;
            }

            pending = Atomic.Load(ref _pending.Value);
        }
    }

    /// <summary>Whether all requests under way can still be met.</summary>
    public bool StillHolds()
    {
        bool holds = Look() - Claimed >= Atomic.Load(ref _pending.Value);
        if (!holds)
        {
            Refusal.Note(RefusalKind.Memory);
        }

        return holds;
    }

    /// <summary>The request was met: its bytes belong to an owner now.</summary>
    public void Settle(long bytes)
    {
        Atomic.Add(ref _claimed.Value, bytes);
        Atomic.Add(ref _pending.Value, -bytes);
    }

    /// <summary>The request was not met.</summary>
    public void Drop(long bytes) => Atomic.Add(ref _pending.Value, -bytes);

    /// <summary>The request was met, and its memory touched: the system's figures have it from now on.</summary>
    public void Touched(long bytes)
    {
        Atomic.Store(ref _time, Nothing);
        Drop(bytes);
    }

    /// <summary>An owner gives back what it claimed.</summary>
    public void Release(long bytes) => Atomic.Add(ref _claimed.Value, -bytes);

    /// <summary>What is left, and by which limit, in words.</summary>
    public string Describe()
    {
        MemoryRoom room = _memory.Look();
        return HeadroomOf(room) == 0 ? room.ToString() : string.Create(CultureInfo.InvariantCulture, $"{room}, of which {HeadroomOf(room)} are kept for the runtime");
    }

    private long HeadroomOf(MemoryRoom room) => _headroomShare == 0 || room.Limit is null ? 0 : Math.Min(MostHeadroom, room.Most / _headroomShare);

    private bool TryRecall(out long kept)
    {
        long time = Atomic.Load(ref _time);
        kept = Atomic.Load(ref _base);
        return time != Nothing && Environment.TickCount64 - time < _freshness && Atomic.Load(ref _time) == time;
    }

    /// <summary>Asks the system.</summary>
    /// <returns>What is left, and what is claimed and touched.</returns>
    private long Look()
    {
        long time = Environment.TickCount64;
        long claimed = Claimed;
        MemoryRoom room = _memory.Look();
        long now = room.Bytes - HeadroomOf(room);
        now += now == MemoryRoom.Unbounded ? claimed : Math.Min(claimed, _memory.TouchedBytes());
        if (Atomic.CompareExchange(ref _writing, 1, 0) == 0)
        {
            Atomic.Store(ref _time, Nothing);
            Atomic.Exchange(ref _base, now);
            Atomic.Store(ref _time, time);
            Atomic.Store(ref _writing, 0);
        }

        return now;
    }
}
