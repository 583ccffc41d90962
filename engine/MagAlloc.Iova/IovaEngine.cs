using System.Diagnostics;
using System.Runtime.CompilerServices;
using MagAlloc.Concurrency;
using MagAlloc.Magazines;

namespace MagAlloc.Iova;

/// <summary>
/// The magazine engine of a domain: requests may name the highest range that will do, and a cache of a thread that
/// lives, and perhaps sleeps, may be emptied.
/// </summary>
/// <remarks>
/// <para><b>Visits.</b> Exhaustion is exact only if what idle threads hold counts as free. The owner's fast path looks
/// for the engine's number, moves a top, and looks again. The visitor parks, has every processor pass a full fence, and
/// only then reads; then it takes what it read by one compare-and-swap. So either the owner's second look sees the
/// visit, or the visitor sees the step. A step that sees a visit is settled by one compare-and-swap, and by the
/// parities of the tops that the visitor read.</para>
/// <para><b>No ABA:</b> each visit has a number of its own (34 bits). <b>No use after free:</b> a visitor is a guest
/// (<see cref="CacheLifetime{TSource}.TryEnter"/>). <b>Progress:</b> nobody waits for anybody without bound; owners
/// that run empty their caches themselves, because a visitor requests a flush first. The states stand in
/// <c>CacheLifetime.Visit.cs</c>, the argument in docs/proofs/visits.md.</para>
/// <para><b>Pressure.</b> From before a flush until its requester has tried again, refills take one resource each, so
/// that what comes home is still there then.</para>
/// </remarks>
/// <typeparam name="TSource">A source whose caches are visited, and which keeps the lowest resource of a
/// magazine.</typeparam>
internal sealed unsafe partial class IovaEngine<TSource>(TSource source, EngineOptions options) : MagazineEngine<TSource>(source, options)
    where TSource : struct, IMagazineSource
{
    private const int VisitShift = 28;

    // Numbers from 1 (0 would be Inside); they come round before they reach the bit that says Taken.
    private const long VisitNumbers = (1L << (62 - VisitShift)) - 1;

    // Two bits a class below the visit's number.
    private const int MostVisitedClasses = VisitShift / 2;

    // Looks at a cache, or a flush, that is in somebody else's hands. The first twenty take some ten microseconds and suffice
    // for a thread that runs; the others are sleeps of a millisecond, in which one that lost its processor gets it back.
    private const int Patience = 26;

    // Each costs a fence of all processors; an owner that runs has emptied its cache after the first.
    private const int MostParks = 4;

    private PaddedLong _visits;
    private PaddedLong _visitors;

    /// <summary>
    /// Returns everything that is cached to the source: what this thread holds, and what others do, living or dead, and
    /// the depots. The caller is inside (<see cref="CacheLifetime{TSource}.Enter"/>). What others are bringing home at
    /// the moment has arrived when this returns, threads excepted that were stopped on the way.
    /// </summary>
    public void FlushEverything()
    {
        Atomic.Increment(ref _visitors.Value);
        try
        {
            FlushCurrent(keepFullInDepot: false);
            Visit();
            Reclaim();
        }
        finally
        {
            Atomic.Add(ref _visitors.Value, -1);
        }

        var spin = default(SpinWait);
        for (int look = 0; look < Patience && Atomic.Load(ref _visitors.Value) + (Reclaimer.IsInPass ? 1 : 0) > 0; look++)
        {
            Uninterrupted.SpinOnce(ref spin);
        }
    }

    /// <summary>
    /// Takes what the caches of other threads hold and returns it to the source. The caller is inside
    /// (<see cref="CacheLifetime{TSource}.Enter"/>).
    /// </summary>
    public void Visit()
    {
        Debug.Assert(TSource.IsVisited, "owners of this source do not look twice");
        RequestFlush();
        int epoch = Atomic.Load(ref _flushEpoch);
        nuint* copy = stackalloc nuint[2 * MostVisitedClasses * Magazine.Slots];
        int* counts = stackalloc int[MostVisitedClasses + 1];
        for (CacheNode? node = Atomic.Load(ref _nodes); node is not null; node = node.Next)
        {
            if (!IsOwn(node) && TryVisit(node, epoch, copy, counts))
            {
                nuint* from = copy;
                for (int code = 1; code < _codes; code++)
                {
                    if (counts[code] > 0)
                    {
                        _source.Release(code, from, counts[code]);
                        from += counts[code];
                    }
                }
            }
        }
    }

    /// <summary>
    /// What the owner does when, behind a step of its fast path, <see cref="ThreadCache.EngineId"/> is no longer the
    /// number.
    /// </summary>
    /// <param name="cache">This thread's cache.</param>
    /// <param name="code">The class of the step.</param>
    /// <param name="onPrevious">Whether the step moved the top of the previous magazine, or of the loaded one.</param>
    /// <param name="after">The top behind the step.</param>
    /// <returns>
    /// Whether the step counts. If not, it has not happened: a resource popped is the visitor's, a resource pushed the
    /// caller's.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public bool Settle(ThreadCache* cache, int code, bool onPrevious, nuint* after)
    {
        // Nothing is pinned; the closer sees this, or this thread sees the closer. Then the step has not happened: the range may be another's.
        Atomic.Store(ref cache->Slow, cache->Slow + 1);
        bool counts = false;
        if (!IsClosed)
        {
            long seen = Own(cache);
            if (!CacheWord.IsTaken(seen))
            {
                AnswerFlush(cache);
            }

            EndVisited(cache);
            counts = !CacheWord.IsTaken(seen) || ((seen >> ParityBit(code, onPrevious)) & 1) == Parity(after);
        }

        Atomic.Store(ref cache->Slow, cache->Slow - 1);
        if (IsClosed)
        {
            LetGo();
        }

        return counts;
    }

    /// <summary>
    /// <see cref="MagazineEngine{TSource}.TrySwapAndPop"/> for a bounded allocation from a cache that others may visit.
    /// </summary>
    /// <param name="cache">This thread's cache.</param>
    /// <param name="code">The class.</param>
    /// <param name="mask">Length of the runs - 1.</param>
    /// <param name="limit">The highest number that the run may have.</param>
    /// <returns>A resource, or 0 when there is more to do (<see cref="RefillBelow"/>).</returns>
    public nuint SwapAndPopVisited(ThreadCache* cache, int code, ulong mask, ulong limit)
    {
        CacheEntry* entry = ThreadCache.Entry(cache, code);
        int capacity = _capacities[code];
        if (capacity < FewBlocks || !IsFreeToSwap(cache) || *entry->Loaded != 0)
        {
            return 0;
        }

        // Visitors stay out while two tops change at once; a visit that came first leaves both magazines empty.
        Own(cache);
        nuint resource = 0;
        if (entry->Previous != Magazine.NoneFull && Magazine.Count(entry->Previous, capacity) >= capacity / ScarceShare)
        {
            SwapIn(cache, entry);
            nuint top = *entry->Loaded;
            resource = top != 0 && ((top - 1) | mask) <= limit ? Pop(entry) : 0;
        }

        EndVisited(cache);
        return resource;
    }

    /// <summary>
    /// A request found nothing, and will flush: others shall not hoard. Followed by <see cref="EndPressure"/>.
    /// </summary>
    public void BeginPressure() => Atomic.Increment(ref _needy.Value);

    /// <summary>Ends what <see cref="BeginPressure"/> began.</summary>
    public void EndPressure() => Atomic.Add(ref _needy.Value, -1);

    private static long Parity(nuint* top) => (long)((nuint)top / (nuint)sizeof(nuint)) & 1;

    private static int ParityBit(int code, bool onPrevious) => ((code - 1) * 2) + (onPrevious ? 1 : 0);

    private static bool IsOwn(CacheNode node)
        => node.Ticket.State == CacheNodeState.Live && node.Life.IsCurrent;

    /// <returns>Whether what the cache held is in the copy, and the caller's.</returns>
    private bool TryVisit(CacheNode node, int epoch, nuint* copy, int* counts)
    {
        var spin = default(SpinWait);
        int parks = 0;
        for (int look = 0; look < Patience; look++)
        {
            CacheTicket ticket = node.Ticket;
            if (ticket.State == CacheNodeState.Live)
            {
                if (!node.Life.IsAlive)
                {
                    Reap(node, ticket);
                    continue;
                }

                ThreadCache* cache = node.Cache;
                long word = Atomic.Load(ref cache->EngineId);
                if (CacheWord.IsTaken(word) || (word == Id && (Atomic.Load(ref cache->FlushEpoch) - epoch >= 0 || !HoldsAny(cache))))
                {
                    return false;
                }

                if (word == Id)
                {
                    if (TryCopy(cache, copy, counts))
                    {
                        return true;
                    }

                    if (++parks == MostParks)
                    {
                        return false;
                    }
                }
            }
            else if (ticket.State is not (CacheNodeState.Draining or CacheNodeState.Adopting))
            {
                return false;
            }

            Uninterrupted.SpinOnce(ref spin);
        }

        return false;
    }

    /// <summary>A look without a fence, to spare threads that hold nothing.</summary>
    private bool HoldsAny(ThreadCache* cache)
    {
        for (int code = 1; code < _codes; code++)
        {
            CacheEntry* entry = ThreadCache.Entry(cache, code);
            if (CountOf(cache, LoadTop(ref entry->Loaded), code) + CountOf(cache, LoadTop(ref entry->Previous), code) > 0)
            {
                return true;
            }
        }

        return false;
    }

    private static nuint* LoadTop(ref nuint* top)
    {
        fixed (nuint** location = &top)
        {
            return (nuint*)Atomic.Load(ref *(nuint*)location);
        }
    }

    private int CountOf(ThreadCache* cache, nuint* top, int code)
        => ThreadCache.IsReal(cache, top) && top != Magazine.NoneFull ? Magazine.Count(top, _capacities[code]) : 0;

    /// <summary>Copies what a cache holds and makes it the caller's.</summary>
    private bool TryCopy(ThreadCache* cache, nuint* copy, int* counts)
    {
        long parked = CacheWord.Inside | ((1 + (Atomic.Increment(ref _visits.Value) % VisitNumbers)) << VisitShift);
        if (Atomic.CompareExchange(ref cache->EngineId, parked, Id) != Id)
        {
            return false;
        }

        Atomic.ProcessWideFence();
        long taken = parked | CacheWord.Taken;
        for (int code = 1; code < _codes; code++)
        {
            CacheEntry* entry = ThreadCache.Entry(cache, code);
            nuint* loaded = LoadTop(ref entry->Loaded);
            nuint* previous = LoadTop(ref entry->Previous);
            counts[code] = Copy(cache, loaded, code, ref copy) + Copy(cache, previous, code, ref copy);
            taken |= Parity(loaded) << ParityBit(code, onPrevious: false);
            taken |= Parity(previous) << ParityBit(code, onPrevious: true);
        }

        return Atomic.CompareExchange(ref cache->EngineId, taken, parked) == parked;
    }

    private int Copy(ThreadCache* cache, nuint* top, int code, ref nuint* copy)
    {
        int count = CountOf(cache, top, code);
        new ReadOnlySpan<nuint>(top - count + 1, count).CopyTo(new Span<nuint>(copy, count));
        copy += count;
        return count;
    }
}
