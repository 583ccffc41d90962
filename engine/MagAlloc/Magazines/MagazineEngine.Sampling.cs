using System.Diagnostics;
using System.Diagnostics.Tracing;
using System.Runtime.CompilerServices;
using MagAlloc.Concurrency;
using MagAlloc.Events;

namespace MagAlloc.Magazines;

/// <content>Sampled allocations, without an instruction on the fast path. For sources that say so only.</content>
/// <remarks>
/// <para><b>How.</b> Each class of each thread counts down its allocations to the next sample. The fast path cannot
/// count, but takes a 0 on top of a magazine for its end. So a slow step that leaves a loaded magazine in which the
/// countdown ends <em>plants</em> a 0 in the slot of that allocation, and keeps aside what lay there. The allocation
/// that meets it goes the slow way, and is the sample. The law of the weights: docs/proofs/sampling.md.</para>
/// <para><b>Invariant.</b> A 0 is planted only between two slow steps of this cache. Every slow step of the class, and
/// whatever empties the whole cache (<see cref="Flush"/>), <em>lifts</em> it first, so no other code ever sees
/// one.</para>
/// <para><b>Sessions.</b> Who begins or ends one writes the mean into every cache
/// (<see cref="ThreadCache.SampleMean"/>): one word that slow steps test. The owner follows at its next slow step;
/// until then a cache that shall not sample is still one that has to lift.</para>
/// </remarks>
internal unsafe partial class MagazineEngine<TSource>
{
    /// <summary>Tells every cache of the mean that the sessions want now.</summary>
    public void FollowSessions()
    {
        if (!TSource.IsSampled || !TryEnter())
        {
            return;
        }

        try
        {
            for (CacheNode? node = Atomic.Load(ref _nodes); node is not null; node = node.Next)
            {
                SampleRate.Follow(node.Cache);
            }
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Samples an allocation that went past the magazines.</summary>
    /// <param name="cache">This thread's cache; null: it has none, and its allocations are not sampled.</param>
    /// <param name="code">The class, or 0.</param>
    /// <param name="bytes">Bytes of the block.</param>
    /// <param name="address">The block.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void SamplePast(ThreadCache* cache, int code, long bytes, nuint address)
    {
        if (TSource.IsSampled && cache != null && cache->SampleMean != 0)
        {
            SamplePastNow(cache, code, bytes, address);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private nuint RefillSampled(ThreadCache* cache, int code)
    {
        ThrowIfClosed();
        CacheTrace* trace = Follow(cache);
        nuint resource;
        if (cache->Slow != 0)
        {
            // Of a nested call, past the magazines. What is planted stays: the step further up has lifted what it works on.
            resource = RefillNow(cache, code);
            if (resource != 0)
            {
                SamplePast(cache, code, BytesOf(code), resource);
            }

            return resource;
        }

        if (trace == null)
        {
            // What was planted is lifted, so the magazine may not be empty any more.
            resource = Pop(ThreadCache.Entry(cache, code));
            return resource != 0 ? resource : RefillNow(cache, code);
        }

        Lift(cache, trace, code);
        ClassTrace* one = CacheTrace.Class(trace, code);
        bool sampled = false;
        try
        {
            CacheEntry* entry = ThreadCache.Entry(cache, code);
            resource = Pop(entry);
            if (resource == 0)
            {
                resource = RefillNow(cache, code);
            }

            if (resource != 0 && --one->Left <= 0)
            {
                sampled = true;
                one->Left = Draw(trace, BytesOf(code));
            }
        }
        finally
        {
            Plant(cache, trace, code);
        }

        if (sampled)
        {
            // Last: whoever is told may call back.
            TellSample(trace->Mean, code, BytesOf(code), resource);
        }

        return resource;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void SamplePastNow(ThreadCache* cache, int code, long bytes, nuint address)
    {
        CacheTrace* trace = Follow(cache);
        if (trace == null)
        {
            return;
        }

        trace->BytesLeft -= bytes;
        if (trace->BytesLeft <= 0)
        {
            trace->BytesLeft = DrawBytes(trace);
            TellSample(trace->Mean, code, bytes, address);
        }
    }

    /// <summary>Brings a cache of this thread's in line with what the sessions want.</summary>
    /// <returns>Its trace, or null when nothing is to be sampled, or nothing can be.</returns>
    private CacheTrace* Follow(ThreadCache* cache)
    {
        long wanted = Atomic.Load(ref cache->SampleMean);
        CacheTrace* trace = wanted > 0 ? CacheTrace.Of(cache, MagAllocEventSource.Log.Beat) : cache->Trace;
        if (trace != null && trace->Mean == wanted)
        {
            return trace;
        }

        // A nested call must not touch what the step further up works on; that one has followed, or will.
        if (cache->Slow != 0)
        {
            return null;
        }

        LiftAll(cache);
        if (wanted <= 0)
        {
            if (trace != null)
            {
                trace->Mean = 0;
            }

            // Unless the next session was quicker.
            Atomic.CompareExchange(ref cache->SampleMean, 0, wanted);
            return null;
        }

        if (trace == null)
        {
            return null;
        }

        trace->Mean = wanted;
        trace->Seed = trace->Seed != 0 ? trace->Seed : (ulong)Stopwatch.GetTimestamp() ^ (ulong)cache;
        trace->BytesLeft = DrawBytes(trace);
        for (int code = 1; code < _codes; code++)
        {
            if (_capacities[code] != 0)
            {
                CacheTrace.Class(trace, code)->Left = Draw(trace, BytesOf(code));
                Plant(cache, trace, code);
            }
        }

        return trace;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void LiftBeforeSpill(ThreadCache* cache, int code)
    {
        if (TSource.IsSampled && cache->SampleMean != 0 && cache->Trace != null)
        {
            Lift(cache, cache->Trace, code);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void PlantAfterSpill(ThreadCache* cache, int code)
    {
        if (TSource.IsSampled && cache->SampleMean != 0 && cache->Trace != null)
        {
            Plant(cache, cache->Trace, code);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void LiftBeforeFlush(ThreadCache* cache, int code)
    {
        if (TSource.IsSampled && cache->Trace != null)
        {
            Lift(cache, cache->Trace, code);
        }
    }

    /// <summary>
    /// Accounts for a loaded magazine that is empty and about to change places, if no sample is due before the next one
    /// is empty too: nothing is planted then, before or after.
    /// </summary>
    /// <param name="cache">This thread's cache.</param>
    /// <param name="code">The class.</param>
    /// <param name="next">Blocks in the magazine that is about to be loaded.</param>
    /// <param name="popped">How many of them are popped at once.</param>
    /// <returns>False when the whole slow step is needed; nothing has changed.</returns>
    private static bool TryCountSwap(ThreadCache* cache, int code, int next, int popped)
    {
        CacheTrace* trace = cache->Trace;
        if (trace == null || trace->Mean != cache->SampleMean)
        {
            return false;
        }

        ClassTrace* one = CacheTrace.Class(trace, code);
        long left = one->Left - one->Mark;
        if (one->Slot != null || left <= next)
        {
            return false;
        }

        one->Left = left - popped;
        one->Mark = next - popped;
        return true;
    }

    /// <summary>
    /// <see cref="ThreadCache.TryPopPrevious"/> while somebody samples. A block of the previous magazine is no part of
    /// what the tops of the loaded one tell, so it is counted here.
    /// </summary>
    /// <returns>False when it is empty, or a sample is due.</returns>
    public static bool TryPopPreviousSampled(ThreadCache* cache, int code, out nuint resource)
    {
        resource = 0;
        CacheTrace* trace = cache->Trace;
        if (trace == null || trace->Mean != cache->SampleMean)
        {
            return false;
        }

        ClassTrace* one = CacheTrace.Class(trace, code);
        if (one->Slot != null || one->Left - one->Mark <= 1 || !ThreadCache.TryPopPrevious(cache, code, out resource))
        {
            return false;
        }

        one->Left--;
        return true;
    }

    private void LiftAll(ThreadCache* cache)
    {
        CacheTrace* trace = cache->Trace;
        if (!TSource.IsSampled || trace == null)
        {
            return;
        }

        for (int code = 1; code < _codes; code++)
        {
            if (_capacities[code] != 0)
            {
                Lift(cache, trace, code);
            }
        }
    }

    /// <summary>
    /// Puts back what a 0 displaced, and counts what was allocated since the last slow step. Idempotent.
    /// </summary>
    private void Lift(ThreadCache* cache, CacheTrace* trace, int code)
    {
        ClassTrace* one = CacheTrace.Class(trace, code);
        if (one->Slot != null)
        {
            *one->Slot = one->Displaced;
            one->Slot = null;
        }

        if (one->Mark != 0)
        {
            one->Left -= one->Mark - CountLoaded(cache, code);
            one->Mark = 0;
        }
    }

    /// <summary>Ends a slow step: the next sample may lie in the loaded magazine.</summary>
    private void Plant(ThreadCache* cache, CacheTrace* trace, int code)
    {
        if (trace->Mean == 0)
        {
            return;
        }

        ClassTrace* one = CacheTrace.Class(trace, code);
        one->Mark = CountLoaded(cache, code);
        one->Left = Math.Max(1, one->Left);
        if (one->Left > one->Mark)
        {
            return;
        }

        nuint* slot = ThreadCache.Entry(cache, code)->Loaded - (one->Left - 1);
        if (*slot != 0)
        {
            // Else a disposal has zeroed the magazine.
            one->Displaced = *slot;
            one->Slot = slot;
            *slot = 0;
        }
    }

    private int CountLoaded(ThreadCache* cache, int code)
    {
        nuint* loaded = ThreadCache.Entry(cache, code)->Loaded;
        return ThreadCache.IsReal(cache, loaded) ? Magazine.Count(loaded, _capacities[code]) : 0;
    }

    private long BytesOf(int code) => _capacities[code] == 0 ? 0 : Weight(code) / _capacities[code];

    /// <summary>
    /// Allocations of a size until one is sampled, that one included: the geometric law of p = 1 - exp(-b / N).
    /// </summary>
    private static long Draw(CacheTrace* trace, long bytes) => 1 + (long)(DrawBytes(trace) / bytes);

    /// <summary>Bytes until the next mark: the exponential law of mean N.</summary>
    private static double DrawBytes(CacheTrace* trace)
    {
        // SplitMix64.
        trace->Seed += 0x9E3779B97F4A7C15;
        ulong z = trace->Seed;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        z ^= z >> 31;

        // From (0, 1], so that the logarithm is finite.
        return -Math.Log(((z >> 11) + 1) * (1.0 / (1UL << 53))) * trace->Mean;
    }

    // No frame of its own: what a sample costs is the walk of the stack.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void TellSample(long mean, int code, long bytes, nuint address)
    {
        MagAllocEventSource log = MagAllocEventSource.Log;
        if (log.IsEnabled(EventLevel.Informational, MagAllocEventSource.Keywords.Sample))
        {
            log.CountSample();
            double weight = bytes / (1 - Math.Exp(-(double)bytes / mean));
            log.AllocationSampled(Id, code, bytes, (long)Math.Round(weight), (long)address);
        }
    }
}
