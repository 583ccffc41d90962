# What idle threads hold, and large blocks that were freed a moment ago. Sourced by run.sh.
sleepers=MagAlloc/Magazines/SleepingCaches.cs
asleep='FullyQualifiedName~SleeperTests'
idle='FullyQualifiedName~IdleThreadTests'

mutant 'sleepers: nobody looks whether the owner sleeps' $sleepers \
    'return node.Life.IsAsleep && ' 'return ' "$asleep"

mutant 'sleepers: the last look comes before the park' $sleepers \
    'if (!IsAtRest(node))' 'if (cache == null)' "$asleep"

mutant 'sleepers: what was parked is taken without a compare' $sleepers \
    'if (Atomic.CompareExchange(ref cache->EngineId, Parked | CacheWord.Taken, Parked) != Parked)' \
    'if (Atomic.Exchange(ref cache->EngineId, Parked | CacheWord.Taken) == 0)' "$asleep"

mutant 'sleepers: the tops are read after the word says that they are taken' $sleepers \
    '        if (Atomic.CompareExchange(ref cache->EngineId, Parked | CacheWord.Taken, Parked) != Parked)
        {
            return false;
        }
' '        if (Atomic.CompareExchange(ref cache->EngineId, Parked | CacheWord.Taken, Parked) != Parked)
        {
            return false;
        }

        for (int code = 1; code < capacities.Length; code++)
        {
            CacheEntry* entry = ThreadCache.Entry(cache, code);
            tops[2 * code] = ThreadCache.IsReal(cache, (nuint*)Atomic.Load(ref *(nuint*)&entry->Loaded)) ? entry->Loaded : null;
        }
' "$asleep"

mutant 'sleepers: a cache with an open handle is emptied' $sleepers \
    'Atomic.Load(ref cache->Pins) == 0 && ' '' "$idle" tests

mutant 'sleepers: a cache inside a call of its source is emptied' $sleepers \
    'Atomic.Load(ref cache->Busy) == 0
            && ' '' "$idle" tests

mutant 'sleepers: a thread whose handler waits is emptied' MagAlloc/Magazines/CacheLifetime.Threads.cs \
    '                Atomic.Store(ref cache->Pins, cache->Pins + 1);
                TellThread(attached: true);
                Unpin(cache);' '                TellThread(attached: true);' "$idle" tests

mutant 'sleepers: a sampled cache is emptied' $sleepers \
    '
            && Atomic.Load(ref cache->SampleMean) == 0' '' "$idle" tests

mutant 'sleepers: two visitors at once' $sleepers \
    'Atomic.CompareExchange(ref _emptying, 1, 0) != 0' 'Atomic.CompareExchange(ref _emptying, 1, 0) == -1' "$asleep"

mutant 'sleepers: who wakes keeps what was taken' MagAlloc/Magazines/CacheLifetime.Visit.cs \
    'if (CacheWord.IsTaken(seen))' 'if (CacheWord.IsTaken(seen) && TSource.IsVisited)' "$asleep"

mutant 'sleepers: who wakes does not look at the word' MagAlloc/Magazines/CacheLifetime.Threads.cs \
    'if (!TSource.IsVisited && Atomic.Load(ref cache->EngineId) != Id)' 'if (false)' "$asleep"

mutant 'sleepers: magazines are not given back' $sleepers \
    '        if (any)
        {
            store.Trim();
        }
' '' "$idle" tests

mutant 'sleepers: a pass empties at once' $sleepers \
    'node.CountIdle(tops) >= IdleLooks || atOnce' 'true' "$idle" tests

mutant 'sleepers: the policy of the kernel empties them too' MagAlloc/Magazines/Reclaimer.cs \
    'options.Policy != ReclaimPolicy.Flat && _sleepers' '_sleepers' "$idle" tests

mutant 'sleepers: what was taken counts as cached' MagAlloc/Magazines/MagazineEngine.Reclaim.cs \
    '
                && !CacheWord.IsTaken(Atomic.Load(ref node.Cache->EngineId)))' ')' "$idle" tests

mutant '=sleepers: no fence behind the park (the runtime changes a thread'"'"'s state by locked instructions)' $sleepers \
    '        Atomic.ProcessWideFence();
' '' "$asleep"

cache=MagAlloc/Slabs/RunCache.cs
runs='FullyQualifiedName~RunCacheTests'
mutant 'run cache: a run is taken without a compare' $cache \
    'if (Atomic.CompareExchange(ref _places[place], 0UL, best) == best)' \
    'if (Atomic.Exchange(ref _places[place], 0UL) != ulong.MaxValue)' 'FullyQualifiedName~RunSpaceTests'

mutant 'run cache: a pass frees a run that somebody has taken' $cache \
    '                && Atomic.CompareExchange(ref _places[i], 0UL, run) == run)' \
    '                && Atomic.Exchange(ref _places[i], 0UL) != ulong.MaxValue)' 'FullyQualifiedName~RunSpaceTests'

mutant 'run cache: a run is put where another lies' $cache \
    'Atomic.Load(ref _places[i]) == 0 && Atomic.CompareExchange(ref _places[i], run, 0UL) == 0' \
    'Atomic.Load(ref _places[i]) == 0 && Atomic.Exchange(ref _places[i], run) != ulong.MaxValue' 'FullyQualifiedName~RunSpaceTests'

mutant 'run cache: the run that goes for another is forgotten' $cache \
    'if (former != 0)' 'if (former == ulong.MaxValue)' "$runs" tests

mutant 'run cache: the alignment is not looked at' $cache \
    '(FirstOf(run) & (alignment - 1)) == 0' 'alignment != 0' "$runs" tests

mutant 'run cache: a request that finds no room evicts nothing' MagAlloc/Slabs/Arena.cs \
    '
            || (EvictRuns() && Ranges.TryAllocate(count, alignment, out first));' ';' "$runs" tests

mutant 'run cache: growth in place evicts nothing' MagAlloc/Slabs/Arena.cs \
    '(Ranges.TryClaim(first, count) || (EvictRuns() && Ranges.TryClaim(first, count)))' 'Ranges.TryClaim(first, count)' "$runs" tests

mutant 'run cache: passes leave it alone' MagAlloc/Slabs/Arena.Dirty.cs \
    'Runs?.Evict(gently ? Pass : unusedSince);' '' "$runs" tests

mutant 'run cache: a cut-off end keeps its marks' MagAlloc/Slabs/RunCache.cs \
    '        Mark(first, chunks, PageMap.Returned);
' '' "$runs" tests

mutant 'run cache: zeroes are not asked for' MagAlloc/Slabs/RunSpace.cs \
    'if ((zeroed || _cache' 'if ((_cache' "$runs" tests
