# Defects of runs, shrinking and refusals, put back one at a time. Sourced by run.sh.
shrink='FullyQualifiedName~ShrinkTests'
mutant 'runs: a shrink that finds no smaller block throws' MagAlloc/Heap/NativeHeap.Free.cs \
    'if (aligned && (_checks?.TryKeep((nuint)block, byteCount) ?? _core.TryKeep((nuint)block, byteCount)))' 'if (byteCount > old + old)' \
    "$shrink" tests
mutant 'runs: a shrink flushes every cache before the old block stays' MagAlloc/Heap/NativeHeap.Free.cs \
    'mayFlush: !shrinks' 'mayFlush: true' 'FullyQualifiedName~AShrinkThatFindsNothing_DisturbsNobody' tests
mutant 'runs: a sized free trusts the size for the class' MagAlloc/Heap/NativeHeap.Free.cs \
    '&& ThreadCache.TryPush(cache, _pageMap[offset >> Arena.ChunkShift], (nuint)block))' \
    '&& byteCount - 1 < SizeClasses.LargestBlock && ThreadCache.TryPush(cache, SizeClasses.CodeOf(byteCount - 1), (nuint)block))' \
    'FullyQualifiedName~ASizedFreeOfABlockThatCouldNotBeMoved' tests
mutant 'runs: a sized free through the handle trusts the size' MagAlloc/Heap/HeapThread.cs \
    '&& ThreadCache.TryPush(_cache, _pageMap[offset >> Arena.ChunkShift], (nuint)block))' \
    '&& byteCount - 1 < SizeClasses.LargestBlock && ThreadCache.TryPush(_cache, SizeClasses.CodeOf(byteCount - 1), (nuint)block))' \
    'FullyQualifiedName~ASizedFreeOfABlockThatCouldNotBeMoved' tests
mutant 'runs: basic checks take the new size of a kept block for a wrong one' MagAlloc/Heap/BasicChecks.cs \
    'return wanted == code || (wanted != 0 && wanted < code && _core.Slabs.MayBeShrunk(chunk));' 'return wanted == code;' \
    'FullyQualifiedName~AtAFullByteLimit_BlocksOf900000Bytes' tests
mutant 'runs: full checks keep the old end of a kept block' MagAlloc/Heap/FullChecks.cs \
    'block.Bytes = byteCount;' '' 'FullyQualifiedName~FullChecks_FindWhatIsWrittenBehindTheNewEnd' tests
mutant 'runs: large dirty memory is zeroed by writing' MagAlloc/Slabs/Arena.Pages.cs \
    'zeroDirty = zeroDirty && !(dirty << _pageShift > LargestWrittenZero && TryEmpty(address, end));' '' \
    'FullyQualifiedName~LargeDirtyMemory_IsZero_AndNotResident' tests
mutant 'runs: large dirty memory is not zeroed at all' MagAlloc/Slabs/Arena.Pages.cs \
    'return VirtualMemory.DecommitKeepsAccess && VirtualMemory.Decommit((void*)first, ((end + mask) & ~mask) - first);' 'return first != 0;' \
    'FullyQualifiedName~ZeroedMemoryTests' tests
mutant 'runs: a resize writes the whole page map of the run' MagAlloc/Slabs/RunSpace.cs \
    'Mark(chunk + oldChunks, chunks - oldChunks, PageMap.RunTail);' 'Mark(chunk + 1, chunks - 1, PageMap.RunTail);' \
    'FullyQualifiedName~Growing_and_shrinking_cost_what_the_difference_does'
mutant 'runs: a resize commits the whole run again' MagAlloc/Slabs/RunSpace.cs \
    'TryCommitRun(start + old, byteCount - old, zeroDirty: false)' 'TryCommitRun(start, byteCount, zeroDirty: false)' \
    'FullyQualifiedName~Growing_and_shrinking_cost_what_the_difference_does'
mutant 'runs: what a pass has for a moment is no memory' MagAlloc/Concurrency/SecondLook.cs \
    'if (!_transit.HasMovedSince(_ended) || ++_looks > MostLooks)' 'if (++_looks > 0)' 'FullyQualifiedName~A_dirty_chunk_that_a_trim_has'
mutant 'runs: a purge of a dirty chunk is not counted' MagAlloc/Slabs/Arena.Dirty.cs \
    '        bytes = 0;
        Committed.Transit.Begin();' '        bytes = 0;
        if (!Ranges.TryClaim(chunk, 1))
        {
            return false;
        }

        if (chunk >= 0)
        {
            bytes = TakeDirty(chunk, 1);
            DecommitChunks(chunk, 1);
            Ranges.Free(chunk, 1);
            return true;
        }

        Committed.Transit.Begin();' 'FullyQualifiedName~A_dirty_chunk_that_a_trim_has'
mutant 'runs: a purge of a slab is not counted' MagAlloc/Slabs/SlabSpace.Return.cs \
    '            _arena.Committed.Transit.Begin();
            bytes += PurgeSlab(chunk);
            _arena.Committed.Transit.End();' '            bytes += PurgeSlab(chunk);' 'FullyQualifiedName~A_free_block_that_a_trim_has'
mutant 'runs: a magazine out of a depot is not counted' MagAlloc/Magazines/Reclaimer.cs \
    '        options.Committed.Transit.Begin();
        try' '        if (code > 0)
        {
            return ReclaimOneInTransit(code);
        }

        options.Committed.Transit.Begin();
        try' 'FullyQualifiedName~A_magazine_on_its_way_out'
mutant 'runs: an attempt looks again for what it gave back itself' MagAlloc/Concurrency/Transit.cs \
    't_begun++;' '' 'FullyQualifiedName~A_refusal_is_true_although'
mutant 'runs: a request waits for a pass without bound' MagAlloc/Concurrency/SecondLook.cs \
    'while (_waits++ < Patience)' 'while (true)' 'FullyQualifiedName~A_trim_stopped_forever_stops_no_request'
mutant 'runs: a search starts again whenever anybody frees' MagAlloc/Ranges/RangeAllocator.cs \
    'look < MostLooks' 'look < int.MaxValue' 'FullyQualifiedName~A_search_that_nothing_fits_ends'
mutant 'runs: an alignment that no block can have flushes first' MagAlloc/Heap/HeapCore.cs \
    ' || alignment > Arena.BaseAlignment;' ';' 'FullyQualifiedName~AnAlignmentThatNoBlockCanHave' tests
mutant 'runs: blocks of single-block classes in depots are not looked for' MagAlloc/Magazines/MagazineEngine.cs \
    'if (_depots[code].TryPop(' 'if (capacity > 1 && _depots[code].TryPop(' 'FullyQualifiedName~ALargeBlockThatADeadThreadKept' tests
