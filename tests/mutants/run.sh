#!/usr/bin/env bash
# Proves the concurrency tests: breaks the engine on purpose, one place at a time, in a copy, and requires that a test fails.
#
#   tests/mutants/run.sh [NAME…]      all mutants, or those whose name contains one of the words
#
# Prints a table (mutant, verdict, the test that caught it). Exit code 1 when one survives that should not. Not part of CI:
# every mutant is a build and a test run, 15 to 30 seconds. table.sh records what it prints in docs/mutants.md.
set -uo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_CLI_UI_LANGUAGE=en
(cd "$root" && tar cf - --exclude=bin --exclude=obj --exclude=.git .) | tar xf - -C "$work"
failed=0
wanted=("$@")

is_wanted() {
    [ "${#wanted[@]}" -eq 0 ] && return 0
    local word
    for word in "${wanted[@]}"; do [[ "$1" == *"$word"* ]] && return 0; done
    return 1
}

# build PROJECT CONFIGURATION
# The tests are built once, with all that they need, and then get the engine that a mutant is in.
declare -A built=()
build() {
    local project="$1" configuration="$2"
    if [ "$project" = tests ] && [ -n "${built[$configuration]:-}" ]; then
        local library
        for library in MagAlloc MagAlloc.Iova MagAlloc.Sharing; do
            dotnet build "$work/engine/$library" -c "$configuration" --no-restore -p:TreatWarningsAsErrors=false -p:RunAnalyzers=false \
                && cp "$work/engine/$library/bin/$configuration/net10.0/$library.dll" "$work/tests/bin/$configuration/net10.0/" || return
            local sample
            for sample in "$work"/docs/samples/*/bin/"$configuration"/net10.0; do
                [ ! -d "$sample" ] || cp "$work/engine/$library/bin/$configuration/net10.0/$library.dll" "$sample/" || return
            done
        done
        return
    fi

    dotnet build "$work/$project" -c "$configuration" -p:TreatWarningsAsErrors=false -p:RunAnalyzers=false || return
    [ "$project" = tests ] && built[$configuration]=1
    return 0
}

# mutant NAME FILE OLD NEW FILTER [PROJECT] [CONFIGURATION]
# Replaces the first OLD in engine/FILE by NEW. A NAME that begins with "=" is an equivalent mutant: it must survive.
mutant() {
    local name="$1" file="$work/engine/$2" old="$3" new="$4" filter="$5" project="${6:-tests/interleaving}" configuration="${7:-Release}"
    is_wanted "$name" || return 0
    local text verdict by
    text="$(cat "$file"; printf x)"
    text="${text%x}"
    if [[ "$text" != *"$old"* ]]; then
        printf '| %s | **does not apply** | |\n' "$name"
        failed=1
        return 0
    fi

    printf '%s' "${text/"$old"/"$new"}" > "$file"
    if ! build "$project" "$configuration" > "$work/build.log" 2>&1; then
        verdict='**does not build**'
        by="$(grep -m1 -o 'error .*' "$work/build.log")"
        failed=1
    else
        timeout -s KILL 240 dotnet test "$work/$project" -c "$configuration" --no-build --filter "$filter" \
            --logger 'console;verbosity=normal' -- NUnit.StopOnError=true > "$work/test.log" 2>&1
        local status=$?
        by="$(sed -n 's/^ *Failed \([A-Za-z_0-9]*\).*/\1/p' "$work/test.log" | head -1)"
        if [ "$status" -eq 0 ]; then
            verdict=survived
            if [[ "$name" == =* ]]; then verdict='survived, as it must'; else failed=1; fi
        elif [ -n "$by" ]; then
            verdict=caught
            [[ "$name" == =* ]] && failed=1
        else
            verdict='caught'
            by='the run breaks off (crash or no end)'
        fi
    fi

    printf '| %s | %s | %s |\n' "$name" "$verdict" "$by"
    printf '%s' "$text" > "$file"
}

printf '| mutant | verdict | first test that fails |\n|---|---|---|\n'

stack=MagAlloc/Concurrency/TaggedStack.cs
mutant 'stack: the tag never moves' $stack \
    '(((seen >> TagShift) + 1) << TagShift) | link' '((seen >> TagShift) << TagShift) | link' 'FullyQualifiedName~TaggedStack'
mutant 'stack: push swings the head with a plain store' $stack \
    'ulong now = Atomic.CompareExchange(ref head, Next(seen, index + 1), seen);' \
    'ulong now = seen; Atomic.StoreRelaxed(ref head, Next(seen, index + 1));' 'FullyQualifiedName~TaggedStack'
mutant 'stack: pop swings the head with a release store' $stack \
    'ulong now = Atomic.CompareExchange(ref head, Next(seen, below), seen);' \
    'ulong now = seen; Atomic.Store(ref head, Next(seen, below));' 'FullyQualifiedName~TaggedStack'
mutant 'stack: push writes no link' $stack \
    '            Atomic.StoreRelaxed(ref Link(index), (uint)seen);
' '' 'FullyQualifiedName~TaggedStack'
mutant 'stack: push writes the link behind the exchange (publication order)' $stack \
    '            if (now == seen)
            {
                return;' '            if (now == seen)
            {
                Atomic.StoreRelaxed(ref Link(index), (uint)seen);
                return;' 'FullyQualifiedName~TaggedStack'

counter=MagAlloc/Concurrency/BoundedCounter.cs
mutant 'counter: add, then undo' $counter \
    'long seen = Atomic.Load(ref _value.Value);
        while (true)' 'if (Atomic.Add(ref _value.Value, amount) > Limit)
        {
            Atomic.Add(ref _value.Value, -amount);
            return false;
        }

        if (amount != long.MinValue)
        {
            return true;
        }

        long seen = Atomic.Load(ref _value.Value);
        while (true)' 'FullyQualifiedName~BoundedCounter'
mutant 'counter: look, then add' $counter \
    'long now = Atomic.CompareExchange(ref _value.Value, seen + amount, seen);' \
    'Atomic.Add(ref _value.Value, amount); long now = seen;' 'FullyQualifiedName~BoundedCounter'

ranges=MagAlloc/Ranges/RangeAllocator.cs
mutant 'ranges: a search that fails is not repeated' $ranges \
    'if (version == HintVersion())' 'if (look == 0)' 'FullyQualifiedName~RangeAllocator'
mutant 'ranges: the hint is raised without its version' $ranges \
    'Atomic.CompareExchange(ref _hint.Value, (seen & ~(long)uint.MaxValue) | (uint)word, seen);' \
    'Atomic.Store(ref _hint.Value, (seen & ~(long)uint.MaxValue) | (uint)word);' 'FullyQualifiedName~RangeAllocator'
mutant 'ranges: a claim that gives up keeps what it had' $ranges \
    'ReleaseRun(first, unit - first);' '' 'FullyQualifiedName~RangeAllocator'
mutant 'ranges: a claim that gives up does not lower the hint' $ranges \
    'ReleaseRun(first, unit - first);
                        LowerHint(first / BitsPerWord);' 'ReleaseRun(first, unit - first);' 'FullyQualifiedName~RangeAllocator'
mutant 'ranges: a claim takes the word without looking again' $ranges \
    'ulong now = Atomic.CompareExchange(ref location, word | mask, word);' \
    'Atomic.Or(ref location, mask); ulong now = word;' 'FullyQualifiedName~RangeAllocator'
mutant 'ranges: a free does not lower the hint' $ranges \
    'ReleaseRun(first, units);
        LowerHint(first / BitsPerWord);' 'ReleaseRun(first, units);' 'FullyQualifiedName~RangeAllocator'

tree=MagAlloc.Iova/Ranges/Range
mutant 'tree: a search that fails is not repeated' ${tree}Books.cs \
    'return Version != version + request.GaveUp;' 'return Version == long.MinValue;' 'FullyQualifiedName~RangeTree'
mutant 'tree: a claim that gives up does not move the version' ${tree}Tree.cs \
    '            _table.Books.CountGivenUp();
' '' 'FullyQualifiedName~RangeTree'
mutant 'tree: a claim that gives up keeps what it had' ${tree}Pieces.cs \
    '                ReleaseSegments(segments, i);
' '' 'FullyQualifiedName~RangeTree'
mutant 'tree: a long range may be freed before it is all there' ${tree}Pieces.cs \
    'ulong code = RangeCells.Held;' 'ulong code = RangeCells.Start;' 'FullyQualifiedName~RangeTree'
mutant 'tree: a claim goes in below an entry that is held as a whole' ${tree}Credits.cs \
    'while ((seen & RangeEntry.StateMask) == 0)' 'while (seen != ulong.MaxValue)' 'FullyQualifiedName~RangeTree'
mutant 'tree: an entry is claimed as a whole whatever its count' ${tree}Pieces.cs \
    'RangeEntry.StateMask | RangeEntry.CountMask, code' 'RangeEntry.StateMask, code' 'FullyQualifiedName~RangeTree'
mutant 'tree: cells of an empty word are claimed without a credit' ${tree}Pieces.cs \
    '=> seen != 0 || paid ||' '=> seen != ulong.MaxValue || paid ||' 'FullyQualifiedName~RangeTree'
mutant 'tree: a credit that was not needed is kept' ${tree}Credits.cs \
    'paid && (seen & RangeEntry.CountMask) != 0 ? 1 : 0' 'paid && seen == 0 ? 1 : 0' 'FullyQualifiedName~RangeTree'
mutant 'tree: a word takes blocks without looking again' ${tree}Search.cs \
    'ulong now = Atomic.CompareExchange(ref location, seen | claimed, seen);' \
    'ulong now = seen; Atomic.Or(ref location, claimed);' 'FullyQualifiedName~RangeTree'
mutant 'tree: a bound is lowered whatever happened meanwhile' ${tree}Credits.cs \
    'while (((seen ^ lowering) & RangeEntry.LoweringMask) == 0)' 'while (seen != ulong.MaxValue)' 'FullyQualifiedName~RangeTree'
mutant 'tree: a lowering has no version' ${tree}Credits.cs \
    '(seen | RangeEntry.Lowering) + RangeEntry.OneVersion' '(seen | RangeEntry.Lowering)' 'FullyQualifiedName~RangeTree'
mutant 'tree: a free leaves a lowering under way' ${tree}Credits.cs \
    'next = RangeEntry.WithLack(next, Math.Max(0, Math.Min(RangeEntry.Lack(next), shift - order)));' \
    'next = RangeEntry.WithLack(next, Math.Max(0, Math.Min(RangeEntry.Lack(next), shift - order))) | (next & RangeEntry.Lowering);' 'FullyQualifiedName~RangeTree'
mutant 'tree: a free goes no higher than the first bound that suffices' ${tree}Credits.cs \
    'if (next == seen || (now' 'if (next == seen)
                {
                    return;
                }

                if ((now' 'FullyQualifiedName~RangeTree'
mutant 'tree: who empties the last part of a block does not look at the others' ${tree}Credits.cs \
    'if (credits != 0 && order >= table.Shift(level - 1) && RangeEntry.Lack(next) > 1)' 'if (credits < 0)' 'FullyQualifiedName~RangeTree'
mutant 'tree: an entry that becomes empty keeps its bound' ${tree}Credits.cs \
    'if (emptied)
                {
                    next = RangeEntry.WithLack(next, 0);' 'if (emptied)
                {
                    next = RangeEntry.WithLack(next, RangeEntry.Lack(next));' 'FullyQualifiedName~RangeTree'
mutant 'tree: a range is freed from its start on' ${tree}Pieces.cs \
    'while (--count >= 0)
        {
            RangeSegment segment = segments[count];' 'int all = count;
        while (--count >= 0)
        {
            RangeSegment segment = segments[all - 1 - count];' 'FullyQualifiedName~RangeTree'
mutant 'tree: two may free one long range' ${tree}Starts.cs \
    'if (Atomic.CompareExchange(ref location, held, seen) != seen)' 'if (Atomic.Exchange(ref location, held) == ulong.MaxValue)' 'FullyQualifiedName~RangeTree'
mutant 'tree: a small range is freed without a compare' ${tree}Starts.cs \
    'if (Atomic.CompareExchange(ref location, left, seen) == seen)' 'if ((Atomic.And(ref location, left) & 0) == 0)' 'FullyQualifiedName~RangeTree'
mutant 'tree: a mark is set without a compare' ${tree}Starts.cs \
    'ulong now = Atomic.CompareExchange(ref location, seen ^ bit, seen);' \
    'Atomic.And(ref location, ~bit); ulong now = seen;' 'FullyQualifiedName~RangeTree'
mutant 'tree: a find of a long range looks once' ${tree}Reader.cs \
    '&& EndOf(first, level, seen) == last)))' '&& first == again)))' 'FullyQualifiedName~RangeTree'
mutant 'tree: a free leaves notes' ${tree}Credits.cs \
    '                notes.Erase(level, index);
' '' 'FullyQualifiedName~RangeRun'
mutant 'tree: a note is erased by a plain store' ${tree}Notes.cs \
    'Atomic.Exchange(ref word, RangeLongest.Nothing);' 'Atomic.Store(ref word, RangeLongest.Nothing);' 'FullyQualifiedName~RangeRun'
mutant 'tree: a search claims what somebody is on the way into, again and again' ${tree}RunSearch.cs \
    'if (run.GaveUp != 0 && IsEntered(' 'if (run.GaveUp < 0 && IsEntered(' 'FullyQualifiedName~RangeRun'
mutant 'tree: a note is written whatever happened meanwhile' ${tree}Notes.cs \
    '=> Atomic.CompareExchange(
            ref table.Note(level, index, SlotOf(run.Alignment)), RangeLongest.Of(run.Alignment, longest), run.Pass);' \
    '=> Atomic.Exchange(ref table.Note(level, index, SlotOf(run.Alignment)), RangeLongest.Of(run.Alignment, longest));' 'FullyQualifiedName~RangeRun'
mutant 'tree: all passes have one number' ${tree}Books.cs \
    'Atomic.Add(ref own[Passes], StripeBytes) + (own - stripes)' '(own - stripes) + 1' 'FullyQualifiedName~RangeRun'
mutant 'tree: a run that could not be claimed is not noted' ${tree}RunSearch.cs \
    'longest = Math.Max(longest, length);' 'longest = Math.Max(longest, length < run.Units ? length : 0);' 'FullyQualifiedName~RangeRun'
mutant 'tree: a pass looks at what is held above' ${tree}RunSearch.cs \
    'NextUsed(border, ceiling, level,' 'NextUsed(border, ceiling, table.Top,' 'FullyQualifiedName~RangeRun'
mutant 'tree: a note of what the limit cut off' ${tree}RunSearch.cs \
    'bool whole = last <= run.Last;' 'bool whole = last != 0;' 'FullyQualifiedName~RangeTreeModel' tests
mutant 'tree: one word for notes of any place and of aligned ones' ${tree}Notes.cs \
    'alignment == 0 ? 0 : 1;' 'alignment == int.MinValue ? 0 : 1;' 'FullyQualifiedName~Tests.Ranges' tests
mutant 'tree: blocks are claimed unmarked' ${tree}Search.cs \
    ' ^ (blocks & request.Marks);' ';' 'FullyQualifiedName~Tests.Ranges' tests
mutant 'tree: Release without its null check' ${tree}Tree.cs \
    'if (_memory != null)' 'if (ReservedBytes != 0)' 'FullyQualifiedName~RangeTreeTests' tests

depot=MagAlloc/Magazines/Depot.cs
mutant 'depot: a pop is not counted' $depot \
    'int count = Atomic.Add(ref _count, -1);' 'int count = Atomic.Load(ref _count);' 'FullyQualifiedName~Depot'
mutant 'depot: a push counts with a plain store' $depot \
    'Atomic.Add(ref _count, 1);' 'Atomic.Store(ref _count, Atomic.Load(ref _count) + 1);' 'FullyQualifiedName~Depot'

store=MagAlloc/Magazines/MagazineStore.cs
mutant 'store: a trim that meets a holder clears the holders bits too' $store \
    'Atomic.And(ref group.InUse, ~(all & ~before));' 'Atomic.And(ref group.InUse, ~all);' 'FullyQualifiedName~MagazineStore'
mutant 'store: a trim that meets a holder leaves its own bits' $store \
    'Atomic.And(ref group.InUse, ~(all & ~before));' '' 'FullyQualifiedName~MagazineStore'
mutant 'store: a fresh magazine is taken by a look and a store' $store \
    '(Atomic.Or(ref group.InUse, 1UL << bit) & (1UL << bit)) != 0' \
    '(Atomic.Load(ref group.InUse) & (1UL << bit)) != 0 || Atomic.Or(ref group.InUse, 1UL << bit) == ulong.MaxValue' 'FullyQualifiedName~MagazineStore'
mutant 'store: a page committed by two is charged twice' $store \
    'if ((Atomic.Or(ref group.Pages, Accessible | (1u << page)) & (1u << page)) != 0)' \
    'if ((Atomic.Or(ref group.Pages, Accessible | (1u << page)) & (1u << page)) == uint.MaxValue)' 'FullyQualifiedName~MagazineStore'
mutant 'store: Release without its null check' $store \
    'public void Release()
    {
        if (_reservation != null)' 'public void Release()
    {
        if (_groupCount >= 0)' 'FullyQualifiedName~Magazines.MagazineStore' tests
mutant 'arena: Release without the null check of the metadata' MagAlloc/Slabs/Arena.cs \
    'public void Release()
    {
        if (_metadataReservation != null)' 'public void Release()
    {
        if (Bytes != 0)' 'FullyQualifiedName~Slabs.Arena' tests

slabs=MagAlloc/Slabs/SlabSpace.cs
returns=MagAlloc/Slabs/SlabSpace.Return.cs
mutant '=slabs: the state is published by a relaxed store (two full fences lie between it and the bitmap)' $slabs \
    'Atomic.Store(ref state, SlabState.Created(' 'Atomic.StoreRelaxed(ref state, SlabState.Created(' 'FullyQualifiedName~Slabs'
mutant 'slabs: the state is published before the bitmap' $slabs \
    'ulong* bitmap = _arena.Bitmap(chunk);
        int full' 'ref ulong early = ref _arena.Header(chunk).Slab;
        Atomic.StoreRelaxed(ref early, SlabState.Created(early, code, slab.Blocks));
        ulong* bitmap = _arena.Bitmap(chunk);
        int full' 'FullyQualifiedName~Slabs'
mutant 'slabs: blocks come home count first, bits after' $returns \
    'for (; touched != 0; touched &= touched - 1)
        {
            int word = BitOperations.TrailingZeroCount(touched);
            returned += SetBits(bitmap, word, masks[word], start, slab.BlockBytes);
        }

        if (returned > 0)
        {
            Atomic.Add(ref _outstanding[code].Value, -returned);
            RaiseCount(chunk, code, returned, stamp);
        }' 'for (ulong rest = touched; rest != 0; rest &= rest - 1)
        {
            returned += BitOperations.PopCount(masks[BitOperations.TrailingZeroCount(rest)]);
        }

        Atomic.Add(ref _outstanding[code].Value, -returned);
        RaiseCount(chunk, code, returned, stamp);
        for (; touched != 0; touched &= touched - 1)
        {
            int word = BitOperations.TrailingZeroCount(touched);
            SetBits(bitmap, word, masks[word], start, slab.BlockBytes);
        }' 'FullyQualifiedName~Slabs'
mutant 'slabs: a block twice in one batch is not looked for' $returns \
    'if ((before & bit) != 0)' 'if ((before & bit) == 1)' 'FullyQualifiedName~Misuse' tests
mutant 'engine: the cache of a living thread is taken over' MagAlloc/Magazines/CacheLifetime.Threads.cs \
    'ticket.State == CacheNodeState.Live && !node.Life.IsAlive' 'ticket.State == CacheNodeState.Live' 'FullyQualifiedName~ThreadOracle' tests
mutant 'engine: the large block that makes room is forgotten' MagAlloc/Magazines/MagazineEngine.Single.cs \
    'ReleaseOne(code, former);' '' 'FullyQualifiedName~LargeBlock' tests
mutant 'arena: idle memory does not make room under the peak' MagAlloc/Slabs/Arena.Dirty.cs \
    'Committed.Value + charge > Committed.Peak' 'Committed.Value + charge > long.MaxValue - 1' 'FullyQualifiedName~DirtyMemory' tests
mutant 'slabs: a claim takes bits first and lowers the count after' $slabs \
    'ulong state = Atomic.Load(ref location);
        int share;
        while (true)
        {
            share = Math.Min(count, SlabState.Free(state));' 'ulong state = Atomic.Load(ref location);
        int share = Math.Min(count, SlabState.Free(state));
        if (share > 0 && SlabState.Code(state) == code)
        {
            share = TakeBits(chunk, code, into, share);
        }

        while (true)
        {' 'FullyQualifiedName~Slabs'
mutant 'slabs: PublishPartial does not look again' $slabs \
    'if (PartialValue(state) == value)' 'if (state == state)' 'FullyQualifiedName~Slabs'
mutant 'slabs: PublishPartial without its fence' $slabs \
    '            Atomic.Fence();
' '' 'FullyQualifiedName~Slabs'
mutant 'slabs: retirement without the test that all blocks are home' $returns \
    ' || SlabState.Free(state) != slab.Blocks
' '
' 'FullyQualifiedName~Slabs'
mutant 'slabs: retirement by an exchange without a compare' $returns \
    '|| Atomic.CompareExchange(ref location, SlabState.Retired(state), state) != state)' \
    '|| Atomic.Exchange(ref location, SlabState.Retired(state)) == ulong.MaxValue)' 'FullyQualifiedName~Slabs'
mutant '=slabs: no generation in the state (class and count are the truth; it only guards what is compared beside them)' MagAlloc/Slabs/SlabState.cs \
    '=> ((state >> GenerationShift) + 1) << GenerationShift;' '=> (state >> GenerationShift) << GenerationShift;' 'FullyQualifiedName~Slabs'
mutant 'slabs: a slab that gets free blocks again is not counted as partial' $returns \
    'Atomic.Add(ref _partial[code].Value, 1);' '' 'FullyQualifiedName~Slabs'
mutant 'slabs: a purge clears its mark at the end' $returns \
    'Release(code, blocks, got, stamp: false);' 'Release(code, blocks, got, stamp: false); Atomic.Store(ref header.Purgeable, 0);' 'FullyQualifiedName~Slabs'
mutant 'slabs: a page committed by two is charged twice' MagAlloc/Slabs/Arena.Pages.cs \
    'if ((before & missing) != 0)' 'if (before == missing + 1)' 'FullyQualifiedName~Slabs'
mutant 'runs: a free looks at its token and then takes it without a compare' MagAlloc/Slabs/RunSpace.cs \
    'Atomic.CompareExchange(ref header.RunChunks, 0, chunks) != chunks' 'Atomic.Exchange(ref header.RunChunks, 0) == int.MinValue' 'FullyQualifiedName~RunSpace'

engine=MagAlloc/Magazines/CacheLifetime.cs
close=MagAlloc/Magazines/CacheLifetime.Close.cs
mutant 'engine: Close does not wait for guests' $close \
    'while (Atomic.Load(ref _guests) != 0)' 'while (Atomic.Load(ref _guests) < 0)' 'FullyQualifiedName~CacheLife'
mutant 'engine: a guest looks at the flag before it is counted' $engine \
    'Atomic.Increment(ref _guests);
        if (!IsClosed)
        {
            return true;' 'if (!IsClosed)
        {
            Atomic.Increment(ref _guests);
            return true;' 'FullyQualifiedName~CacheLife'
mutant 'engine: Close does not hold the memory itself' MagAlloc/Concurrency/Remains.cs \
    'private long _readers = 1;' 'private long _readers;' 'FullyQualifiedName~CacheLife'
mutant 'engine: an orphan is not counted as a reader' MagAlloc/Magazines/CacheNode.cs \
    'looks.Enter();' '' 'FullyQualifiedName~CacheLife'
mutant 'engine: two callers close' $close \
    'if (Atomic.Exchange(ref _closed, 1) != 0)' 'bool was = IsClosed; Atomic.Store(ref _closed, 1); if (was)' 'FullyQualifiedName~CacheLife'
mutant 'engine: a dead threads cache is drained by whoever comes' MagAlloc/Magazines/CacheLifetime.Threads.cs \
    'node.TryMove(seen, CacheNodeState.Draining)' 'node.TryMove(node.Ticket, CacheNodeState.Draining)' 'FullyQualifiedName~CacheLife'
mutant 'engine: a free cache is taken without a compare' MagAlloc/Magazines/CacheLifetime.Threads.cs \
    'node.TryMove(ticket, ticket.Adopted())' '(node.Ticket.State == ticket.State)' 'FullyQualifiedName~CacheLife'
mutant '=engine: two passes at a time (the guard keeps the policy of one pass; popping a magazine is safe without it)' MagAlloc/Magazines/Reclaimer.cs \
    'if (Atomic.CompareExchange(ref _insidePass, 1, 0) != 0)' 'if (Atomic.Load(ref _insidePass) > 1)' 'FullyQualifiedName~Magazines'
mutant 'engine: a reclaimed magazine is given back before it is emptied' MagAlloc/Magazines/Reclaimer.cs \
    'byte* magazine = store.AddressOf(index);
        try' 'byte* magazine = store.AddressOf(index);
        store.Give(index);
        try' 'FullyQualifiedName~Magazines'
visit=MagAlloc/Magazines/CacheLifetime.Visit.cs
visitor=MagAlloc.Iova/IovaEngine.cs
mutant 'visit: every step that met a visit counts' $visitor \
    'counts = !CacheWord.IsTaken(seen) || ((seen >>' 'counts = true || ((seen >>' 'FullyQualifiedName~VisitTests'
mutant 'visit: no step that met a visit counts' $visitor \
    'counts = !CacheWord.IsTaken(seen) || ((seen >> ParityBit(code, onPrevious)) & 1) == Parity(after);' 'counts = !CacheWord.IsTaken(seen);' 'FullyQualifiedName~VisitTests'
mutant 'visit: the owner keeps the tops of what was taken' $visit \
    'Empty(cache, ThreadCache.Entry(cache, code), _capacities[code]);' '' 'FullyQualifiedName~VisitTests'
mutant 'visit: the copy is the visitors without a compare' $visitor \
    'return Atomic.CompareExchange(ref cache->EngineId, taken, parked) == parked;' \
    'Atomic.Store(ref cache->EngineId, taken); return true;' 'FullyQualifiedName~VisitTests'
mutant 'visit: all visits have one number' $visitor \
    '((1 + (Atomic.Increment(ref _visits.Value) % VisitNumbers)) << VisitShift)' '(1L << VisitShift)' 'FullyQualifiedName~VisitTests'
mutant 'visit: numbers run into the bit that says Taken' $visitor \
    '% VisitNumbers)' '% long.MaxValue)' 'FullyQualifiedName~VisitTests'
mutant 'visit: a park is not a compare' $visitor \
    'if (Atomic.CompareExchange(ref cache->EngineId, parked, Id) != Id)' \
    'if (Atomic.Load(ref cache->EngineId) != Id || Atomic.Exchange(ref *(nuint*)&cache->EngineId, (nuint)parked) == 0)' 'FullyQualifiedName~VisitTests'
mutant 'visit: a dead threads cache is flushed as its tops say' MagAlloc/Magazines/CacheLifetime.Threads.cs \
    'Own(node.Cache);
                    Flush(' 'Flush(' 'FullyQualifiedName~VisitTests'
mutant 'visit: a dead threads cache is inherited as its tops say' MagAlloc/Magazines/CacheLifetime.Threads.cs \
    'Own(node.Cache);
                LetIn(node.Cache);' 'LetIn(node.Cache);' 'FullyQualifiedName~VisitTests'
mutant 'visit: a slow step lets visitors in' $visit \
    'BeginVisited(cache);
        cache->Slow++;' 'cache->Slow++;' 'FullyQualifiedName~VisitTests'
mutant 'limit: the magazines that do not fit are not put back' MagAlloc.Iova/IovaEngine.Limit.cs \
    'depot.Push(_links, others[--looked]);' '--looked;' 'FullyQualifiedName~Tests.Iova' tests
mutant 'limit: the hole in a magazine is not filled' MagAlloc.Iova/IovaEngine.Limit.cs \
    '*slot = *top;' '' 'FullyQualifiedName~Tests.Iova' tests
mutant 'limit: a magazine does not know its lowest' MagAlloc/Magazines/MagazineEngine.cs \
    'lowest = Math.Min(lowest, *slot);' 'lowest = *slot;' 'FullyQualifiedName~Tests.Iova' tests
mutant 'limit: what does not fit beside a loaded magazine is dropped' MagAlloc.Iova/IovaEngine.Limit.cs \
    'PutAway(cache, code, leaving, capacity, keepFullInDepot: true);' '_store.Give(_store.IndexOf(Magazine.Base(leaving)));' 'FullyQualifiedName~Tests.Iova' tests
mutant 'iova: Close without the null check of the tree' MagAlloc.Iova/IovaDomain.cs \
    '_ranges?.Tree.Release();' '_ranges.Tree.Release();' 'FullyQualifiedName~Iova.InitTests' tests
mutant 'iova: two that free a reservation' MagAlloc.Iova/ReservedRanges.cs \
    'sorted[at].Range == range && sorted[at].TryFree()' 'sorted[at].Range == range && (sorted[at].TryFree() || at >= 0)' 'FullyQualifiedName~Tests.Iova' tests

mutant 'heap: Close without the null check of the arena' MagAlloc/Heap/BlockCore.cs \
    'Arena?.Release();' 'Arena.Release();' 'FullyQualifiedName~InitFaultTests' tests
mutant 'checks: a free looks at the bit, then clears it' MagAlloc/Heap/BasicChecks.cs \
    '(Atomic.And(ref _core.Arena.Marks(chunk)[index / 64], ~bit) & bit) == 0' \
    '(Atomic.Load(ref _core.Arena.Marks(chunk)[index / 64]) & bit) == 0 || Atomic.And(ref _core.Arena.Marks(chunk)[index / 64], ~bit) == ulong.MaxValue' 'FullyQualifiedName~BasicChecks'
mutant 'swap: a request to flush is passed over' MagAlloc/Magazines/MagazineEngine.Swap.cs \
    'cache->Slow == 0 && cache->FlushEpoch == Atomic.Load(ref _flushEpoch);' 'cache->Slow == 0;' 'FullyQualifiedName~SwapTests'
mutant 'swap: a nested call changes places' MagAlloc/Magazines/MagazineEngine.Swap.cs \
    'cache->Slow == 0 && cache->FlushEpoch' 'cache->FlushEpoch' 'FullyQualifiedName~SwapTests'
mutant 'visit: a pair changes places while a visitor reads' MagAlloc.Iova/IovaEngine.cs \
    '        Own(cache);
' '' 'FullyQualifiedName~VisitTests'
iova=MagAlloc.Iova/IovaCaches.cs
limit=MagAlloc.Iova/IovaEngine.Limit.cs
mutant 'iova: only the loaded magazine is looked through (the kernel, W7)' $limit \
    '|| (entry->Previous != Magazine.NoneFull && (found = TakeBelow(ref entry->Previous, capacity, highest)) != 0))' \
    '|| (found = 0) != 0)' 'FullyQualifiedName~Iova.Weakness' tests
mutant 'iova: the depot is not looked through' $limit \
    'private const int DepotLooks = 8;' 'private const int DepotLooks = 0;' 'FullyQualifiedName~Iova.Weakness' tests
mutant 'iova: magazines that were passed over are not put back' $limit \
    'depot.Push(_links, others[--looked]);' 'looked--;' 'FullyQualifiedName~Iova.Weakness' tests
mutant 'iova: what is taken out of the middle of a magazine stays in it' $limit \
    '                *slot = *top;
' '' 'FullyQualifiedName~Iova.Conformance' tests
mutant 'iova: a magazine gives a range one above the limit' $limit \
    'if (resource - 1 < highest)' 'if (resource - 1 <= highest)' 'FullyQualifiedName~Iova.Weakness|FullyQualifiedName~Iova.Conformance|FullyQualifiedName~Iova.Model' tests
mutant 'iova: the fast path looks at the first page frame only' MagAlloc.Iova/VisitedEntry.cs \
    '(first | mask) > limit' 'first > limit' 'FullyQualifiedName~Iova.Weakness|FullyQualifiedName~Iova.Conformance|FullyQualifiedName~Iova.Model' tests
mutant 'iova: an exhausted allocation does not visit living threads' $visitor \
    '            Visit();
' '' 'FullyQualifiedName~Iova.Conformance' tests
mutant 'iova: a checked free does not look at its mark' $iova \
    '|| !ranges.TryMarkFreed(pfn, order))' '|| (!ranges.TryMarkFreed(pfn, order) && size > 32))' 'FullyQualifiedName~Iova.Weakness' tests
mutant 'visit: no fence between the park and the tops' $visitor \
    '        Atomic.ProcessWideFence();
' '' 'FullyQualifiedName~FlushSoakTests' tests
mutant 'iova: one class for both parts of the space' MagAlloc.Iova/IovaSpace.cs \
    'HasLower = Dma32Last < last' 'HasLower = Dma32Last < 0' 'FullyQualifiedName~Iova.PartTests' tests
mutant 'iova: the lower class is refilled from both parts' MagAlloc.Iova/IovaSource.cs \
    'code > Orders ? upperStart - 1 : lastPfn' 'lastPfn' 'FullyQualifiedName~Iova.PartTests' tests
mutant 'iova: a high request passes the lower magazines by' $iova \
    ': Take(cache, lower, nuint.MaxValue);' ': 0;' 'FullyQualifiedName~Iova.PartTests' tests
mutant 'iova: a low request passes the upper magazines by' $iova \
    '? Take(cache, upper, highest)' '? 0' 'FullyQualifiedName~Iova.PartTests' tests
mutant 'iova: a batch of any size' MagAlloc.Iova/IovaSource.cs \
    '        count = (int)Math.Clamp(share, 1, (ulong)count);
' '' 'FullyQualifiedName~Iova.PartTests' tests
mutant 'iova: ranges are unmarked before they go home' MagAlloc.Iova/IovaSource.cs \
    '        int freed = tree.FreeMany' '        for (int i = 0; i < count && marks; i++)
        {
            tree.TryUnmark(Decode(resources[i]));
        }

        int freed = tree.FreeMany' 'FullyQualifiedName~IovaSoak' tests

mutant 'iova: a refill marks in a second step' MagAlloc.Iova/IovaSource.cs \
    'int taken = tree.AllocateMany(order, last, into, count, marks);' 'int taken = tree.AllocateMany(order, last, into, count);
        for (int i = 0; marks && i < taken; i++)
        {
            tree.TryMark(Decode(into[i]), order);
        }
' 'FullyQualifiedName~IovaSource'

samples="FullyQualifiedName~SamplingTests"

mutant 'sampling: a free does not lift' MagAlloc/Magazines/MagazineEngine.cs \
    'LiftBeforeSpill(cache, code);' '' "$samples" tests
mutant 'sampling: a flush does not lift' MagAlloc/Magazines/MagazineEngine.Flush.cs \
    'LiftBeforeFlush(cache, code);' '' "$samples" tests
mutant 'sampling: a flush lifts all classes in advance' MagAlloc/Magazines/MagazineEngine.Flush.cs \
    '        for (int code = 1; code < _codes; code++)
        {
            if (_capacities[code] != 0)
            {
                FlushClass(cache, code, keepFullInDepot);
            }
        }
    }

    private void FlushClass(ThreadCache* cache, int code, bool keepFullInDepot)
    {
        // Here and not for all classes in advance: whoever is told of what goes home may allocate meanwhile, and plant anew.
        LiftBeforeFlush(cache, code);' '        LiftAll(cache);
        for (int code = 1; code < _codes; code++)
        {
            if (_capacities[code] != 0)
            {
                FlushClass(cache, code, keepFullInDepot);
            }
        }
    }

    private void FlushClass(ThreadCache* cache, int code, bool keepFullInDepot)
    {' 'FullyQualifiedName~SessionTests' tests
mutant 'sampling: an ended session takes the magazine for empty' MagAlloc/Magazines/MagazineEngine.Sampling.cs \
    'return resource != 0 ? resource : RefillNow(cache, code);' 'ThreadCache.Entry(cache, code)->Loaded += resource != 0 ? 1 : 0; return RefillNow(cache, code);' "$samples" tests
mutant 'sampling: frees change places over a planted 0' MagAlloc/Magazines/MagazineEngine.Swap.cs \
    '!TryCountSwap(cache, code, _capacities[code], popped: 0)' 'false' "$samples" tests
mutant 'sampling: allocations change places over a planted 0' MagAlloc/Magazines/MagazineEngine.Swap.cs \
    '!TryCountSwap(cache, code, Magazine.Count(entry->Previous, capacity), popped: 1)' 'false' "$samples" tests
mutant 'sampling: a swap passes over a sample that is due' MagAlloc/Magazines/MagazineEngine.Sampling.cs \
    'one->Slot != null || left <= next' 'one->Slot != null' "$samples" tests
mutant 'sampling: a swap does not count' MagAlloc/Magazines/MagazineEngine.Sampling.cs \
    'long left = one->Left - one->Mark;' 'long left = one->Left;' "$samples" tests
mutant 'sampling: a pop of the previous magazine is not counted' MagAlloc/Magazines/MagazineEngine.Sampling.cs \
    '        one->Left--;
        return true;' '        return true;' "$samples" tests
mutant 'sampling: large blocks go past the countdown' MagAlloc/Heap/NativeHeap.Allocate.cs \
    ': MagazineEngine<SlabSource>.TryPopPreviousSampled(cache, code, out block)' ': ThreadCache.TryPopPrevious(cache, code, out block)' "$samples" tests
mutant 'sampling: what was popped is not counted' MagAlloc/Magazines/MagazineEngine.Sampling.cs \
    'one->Left -= one->Mark - CountLoaded(cache, code);' '' "$samples" tests
mutant '=sampling: a nested call lifts what the step further up works on (who calls out hides the magazine: there is nothing to lift or plant)' MagAlloc/Magazines/MagazineEngine.Sampling.cs \
    '        if (cache->Slow != 0)
        {
            // Of a nested' '        if (false)
        {
            // Of a nested' 'FullyQualifiedName~SessionTests|FullyQualifiedName~SamplingTests' tests
mutant 'events: exchanges from before the session are told' MagAlloc/Events/MagAllocEventSource.Sessions.cs \
    'discard: !wasExchange' 'discard: false' 'FullyQualifiedName~EveryEventTests' tests
mutant 'events: the clock does not tell of idle threads' MagAlloc/Events/MagAllocEventSource.Sessions.cs \
    'owner.ReportExchanges(beat - 1, discard: false);' '' 'FullyQualifiedName~EveryEventTests' tests
mutant 'events: exchanges are told under the number of who tells' MagAlloc/Magazines/MagazineEngine.Events.cs \
    '_depots[code].Count, thread);' '_depots[code].Count, MagAlloc.Platform.OsThread.CurrentId);' 'FullyQualifiedName~ExchangesByThreadTests' tests
mutant 'events: what a predecessor exchanged is told under its successors number' MagAlloc/Magazines/MagazineEngine.Events.cs \
    'TellExchanges(trace, discard: !listened);' 'for (int code = 1; listened && code < trace->Codes; code++)
        {
            ClassTrace* one = CacheTrace.Class(trace, code);
            Tell(code, one->TakeFromDepot(out _), one->TakeToDepot(out _), MagAlloc.Platform.OsThread.CurrentId);
        }' 'FullyQualifiedName~ExchangesByThreadTests' tests
mutant 'events: a successor takes over before the last is told' MagAlloc/Magazines/CacheLifetime.Threads.cs \
    'bool told = TryTellLast(node.Cache);' 'bool told = true;' 'FullyQualifiedName~ExchangesByThreadTests' tests
mutant 'events: a successor counts under its predecessors number' MagAlloc/Magazines/CacheLifetime.Threads.cs \
    'CacheTrace.HandOver(node.Cache->Trace, node.Cache->Owner);' '' 'FullyQualifiedName~ExchangesByThreadTests' tests
mutant 'events: inside an event the untold is taken over' MagAlloc/Magazines/MagazineEngine.Events.cs \
    'return !CacheTrace.HasUntold(trace);' 'return true;' 'FullyQualifiedName~ExchangesByThreadTests' tests
mutant 'events: who was called back gets a second cache' MagAlloc/Magazines/CacheLifetime.Threads.cs \
    '            ThreadCache* own = record.Find(Id);
            if (own != null)' '            ThreadCache* own = null;
            if (own != null)' 'FullyQualifiedName~ExchangesByThreadTests' tests
mutant 'events: what was told is stored without a compare' MagAlloc/Magazines/ClassTrace.cs \
    'Atomic.CompareExchange(ref told, Word(thread, now), before) == before' 'Atomic.Exchange(ref told, Word(thread, now)) != long.MinValue' \
    'FullyQualifiedName~ClassTrace'
mutant 'events: a listener that allocates calls itself' MagAlloc/Events/MagAllocEventSource.cs \
    'if (EventGuard.t_depth != 0)' 'if (EventGuard.t_depth < 0)' 'FullyQualifiedName~SessionTests' tests

sharing=MagAlloc.Sharing/QueueCore
share="FullyQualifiedName~Tests.Sharing"
mutant 'share: the control word is stored after the export' $sharing.Export.cs \
    'error = SendDescription(buffer, peer, ref message, writable);' '_control.Revoke(buffer.Slot);
            error = SendDescription(buffer, peer, ref message, writable);
            _control.Publish(buffer.Slot, ControlWord.OfLive(buffer.Generation));' "$share.StableProfile" tests
mutant 'share: a revocation is announced after the punch' MagAlloc.Sharing/BufferReclaimer.cs \
    '        control.Revoke(buffer.Slot);
        SharingMessage' '        buffer.Memory.TryDropPages(options.Faults);
        control.Revoke(buffer.Slot);
        SharingMessage' "$share.StableProfile" tests
mutant '=share: the lease is asked on the first description (while there is a second one it counts the same)' MagAlloc.Sharing/BufferMemory.cs \
    'MemoryFiles.AskLease(_oracle!)' 'MemoryFiles.AskLease(File)' "$share.LifeTests|$share.QuotaTests|$share.StubbornImporter" tests
mutant 'share: the signal of a lease is set once' MagAlloc.Sharing/Platform/MemoryFiles.cs \
    'if (LinuxCalls.Control(description, SetSignal, HarmlessSignal) != 0)' 'if (description.IsInvalid)' 'FullyQualifiedName~LeaseTests' tests
mutant 'share: the own copy of a sent description is kept' $sharing.Export.cs \
    'using FileDescriptor fresh' 'FileDescriptor fresh' "$share.LifeTests" tests
mutant 'share: the number of a life does not move' MagAlloc.Sharing/SlotTable.cs \
    'generation = _generations[slot] = _generations[slot] == uint.MaxValue ? 1 : _generations[slot] + 1;' 'generation = _generations[slot] = 1;' \
    "$share.Generation" tests
mutant 'share: the place of an orphan is given again' MagAlloc.Sharing/BufferLedger.cs \
    '        buffer.WasOrphan = true;' '        buffer.WasOrphan = true;
        _slots.Free(buffer.Slot);' "$share.LifeTests" tests
mutant '=share: a place is free before its file is closed (whoever had a claim on it has none by then)' MagAlloc.Sharing/BufferReclaimer.cs \
    '        buffer.Close();
        using (Uninterrupted.Enter(gate))
        {
            events.Reclaimed(buffer, ledger.EndClosing(buffer, Ticks.Now));
' '        using (Uninterrupted.Enter(gate))
        {
            events.Reclaimed(buffer, ledger.EndClosing(buffer, Ticks.Now));
        }

        buffer.Close();
        using (Uninterrupted.Enter(gate))
        {
' "$share.LifeTests|$share.Generation|$share.SharingSoak" tests
mutant 'share: the quota of orphans looks at live bytes only' MagAlloc.Sharing/QuotaBook.cs \
    'bytes > options.OrphanBytes - LiveBytes - OrphanedBytes' 'bytes > options.OrphanBytes - LiveBytes' "$share.Quota" tests
mutant 'share: the bytes of an orphan are not moved' MagAlloc.Sharing/QuotaBook.cs \
    '        OrphanedBytes += bytes;
' '' "$share.Quota|$share.ReleaseMode" tests
mutant 'share: pressure revokes the youngest' MagAlloc.Sharing/BufferReclaimer.cs '.MinBy(' '.MaxBy(' "$share.Quota" tests
mutant 'share: pressure does not wait for room that is coming' $sharing.Buffers.cs \
    'bool isRoomComing = _ledger.Released.Any(' 'bool isRoomComing = Ticks.Now < 0 && _ledger.Released.Any(' "$share.Quota" tests
mutant 'share: a claim outlives its importer' MagAlloc.Sharing/BufferHolders.cs \
    '            stream.Drop(claim);
            claim.Buffer.HasStrays' '            claim.Buffer.HasStrays' "$share.LifeTests|$share.StubbornImporter" tests
mutant 'share: a frame is not forfeited with its claim' MagAlloc.Sharing/FrameStream.Lines.cs \
    '        BufferLedger.Drop(claim);
        Forfeit(claim);' '        BufferLedger.Drop(claim);' "$share.StubbornImporter|$share.HostileImporter" tests
mutant 'share: a release is believed although the buffer is held' MagAlloc.Sharing/BufferHolders.cs \
    'Ask(buffer) == LeaseAnswer.Held && !buffer.HasStrays' 'Ask(buffer) == LeaseAnswer.Refused' "$share.StubbornImporter" tests
mutant 'share: a release is doubted although one that left may be the holder' MagAlloc.Sharing/BufferHolders.cs \
    ' && !buffer.HasStrays)' ')' "$share.StubbornImporter" tests
mutant 'share: a false release is looked at once' MagAlloc.Sharing/BufferHolders.cs \
    '                _disputed.Add(claim);
' '' "$share.StubbornImporter" tests
mutant 'share: an export that was read counts as unread' MagAlloc.Sharing/BufferLedger.cs \
    '        claim.Peer.Unread -= claim.IsUnread ? 1 : 0;
' '' "$share.Quota" tests
mutant 'share: buffers are not sealed' MagAlloc.Sharing/BufferMemory.cs \
    'FileSteps.Seal(queue, _file, seals, faults);' '_ = seals;' "$share.StableProfile" tests
mutant 'share: more seals can be added to a stable buffer' MagAlloc.Sharing/BufferMemory.cs \
    'MemoryFiles.SealShrink | MemoryFiles.SealGrow | MemoryFiles.SealSeals,' 'MemoryFiles.SealShrink | MemoryFiles.SealGrow,' "$share.StableProfile" tests
mutant 'share: what came back last is dequeued first' MagAlloc.Sharing/FrameStream.cs \
    '        _done.Enqueue(buffer);' '        SharedBuffer[] before = [.. _done];
        _done.Clear();
        _done.Enqueue(buffer);
        Array.ForEach(before, _done.Enqueue);' "$share.StreamTests" tests
mutant 'share: the end of a stream leaves what is pending' MagAlloc.Sharing/BufferLedger.cs \
    '            TakeFrom(claim);
        }
    }' '            _ = claim;
        }
    }' "$share.StreamTests" tests
mutant 'share: what came back behind the last frame is dequeued' MagAlloc.Sharing/FrameStream.cs \
    'if (_isEnded)' 'if (_isEnded && _done.Count == 0)' "$share.StreamTests" tests
mutant 'share: an acknowledgement of any number counts' MagAlloc.Sharing/FrameStream.Lines.cs \
    ' || claim.Pending != message.Sequence)' ')' "$share.HostileImporter" tests
mutant 'share: an importer that writes may say any length' MagAlloc.Sharing/FrameStream.Lines.cs \
    'message.Length < 0 || message.Length > buffer.Bytes' 'message.Length < 0' "$share.HostileImporter" tests
mutant 'share: an importer that cannot be sent to is kept' MagAlloc.Sharing/FrameStream.Lines.cs \
    '            peers.MarkStuck(peer, error);
' '' "$share.StubbornImporter" tests
mutant 'share: the length of a message is not looked at' $sharing.Peers.cs \
    'length == SharingMessage.Bytes && ' '' "$share.HostileImporter" tests
mutant 'share: an importer may talk without end' $sharing.Peers.cs \
    '                && --peer.MessagesLeft >= 0 && TryApply' '                && TryApply' "$share.StubbornImporter" tests
mutant 'share: an untracked export is not noticed' MagAlloc.Sharing/BufferHolders.cs \
    '                claim.Buffer.IsUntracked = true;
' '' "$share.Untracked" tests
mutant 'share: pages that come back are left' MagAlloc.Sharing/BufferReclaimer.cs \
    'buffer.Memory.ResidentBytes() != 0' 'buffer.Memory.ResidentBytes() < 0' "$share.LifeTests|$share.HandOver" tests
mutant 'share: closes are not heard' MagAlloc.Sharing/CloseWatcher.cs \
    '                _watches[watch] = queue;' '' "$share.CloseWatcher" tests
mutant 'share: without watches leases are asked now and then' MagAlloc.Sharing/Caretaker.cs \
    'holders.Tracking == BufferTracking.Polled ? s_poll : SafetyNet' 'SafetyNet' "$share.LifeTests" tests
mutant 'share: deadlines pass' MagAlloc.Sharing/BufferReclaimer.cs \
    'if (buffer.RevokeAt <= now && CanRevoke(buffer))' 'if (buffer.RevokeAt < 0 && CanRevoke(buffer))' "$share.LifeTests|$share.ReleaseMode" tests
mutant 'share: a liar keeps its pages' MagAlloc.Sharing/BufferReclaimer.cs \
    'bool mustDrop = buffer.WasExported' 'bool mustDrop = buffer.Slot < 0 && buffer.WasExported' "$share.Fallback" tests
mutant 'share: a strict release frees what it can' $sharing.Release.cs \
    'if (held.Count == 0)' 'if (held.Count >= 0)' "$share.ReleaseMode" tests
mutant 'share: a pin holds nothing' MagAlloc.Sharing/BufferHolders.cs \
    'if (buffer.Pins != 0 && buffer.Phase != BufferPhase.Live)' 'if (buffer.Pins < 0)' "$share.PinTests" tests
mutant 'share: a revocation takes memory from under a pin' MagAlloc.Sharing/BufferReclaimer.cs \
    ' && revokeAt <= buffer.ReleasedAt && buffer.Pins == 0)' ' && revokeAt <= buffer.ReleasedAt)' "$share.PinTests" tests
mutant 'share: buffers that are being made are nobodys' $sharing.Buffers.cs \
    '                    _owner = handle;
' '                    _owner = formerOwner;
' "$share.Ownership" tests
mutant 'share: a listener deletes whatever is in its place' MagAlloc.Sharing/BufferListener.cs ' && present.IsSocket' '' "$share.Listener" tests
mutant 'share: what an importer said last is lost with it' $sharing.Peers.cs \
    'if (got < 0 && VirtualMemory.LastError == LinuxError.ConnectionReset)' 'if (got < -1)' "$share.LastWords" tests
mutant 'share: what an importer said last is lost where a message cannot be sent to it' $sharing.Peers.cs \
    '            Pump(peer, waits: true);
' '' "$share.LastWords" tests
mutant 'share: an importer gets more frames than fit into its socket' MagAlloc.Sharing/FrameStream.Lines.cs \
    'peer.Frames < peer.FrameRoom' 'peer.Frames >= 0' "$share.Crowd" tests
mutant 'share: frames that did not fit are forgotten' MagAlloc.Sharing/FrameStream.Lines.cs \
    '        ExpectNothing(claim.Peer);
        Serve(claim.Peer);' '        ExpectNothing(claim.Peer);' "$share.Crowd" tests
mutant 'share: what the kernel sees of an untracked buffer is passed over' MagAlloc.Sharing/BufferHolders.cs \
    'buffer.Claims.Count == 1 && Ask' 'buffer.Claims.Count == 1 && !buffer.IsUntracked && Ask' "$share.Untracked" tests
mutant 'share: a claim that was given up in words lasts' MagAlloc.Sharing/BufferHolders.cs \
    'buffer.Claims.Any(claim => !claim.IsDisputed)' 'buffer.Claims.Count != 0' "$share.Untracked" tests
mutant 'share: a revocation that was refused is not due' MagAlloc.Sharing/BufferReclaimer.cs \
    '        buffer.RevokeAt = Math.Min(buffer.RevokeAt, Ticks.Now);
' '' "$share.ReleaseMode" tests
mutant 'share: the end of a queue waits for nobody' MagAlloc.Sharing/BufferLedger.cs \
    '        IsAbandoned = _released.TrueForAll(buffer => buffer.Phase is not (BufferPhase.Revoking or BufferPhase.Closing));' \
    '        IsAbandoned = true;' "$share.PinTests" tests
mutant 'share: figures tell of what is only reserved' MagAlloc.Sharing/BufferLedger.cs \
    '_quotas.LiveBytes - _unmadeBytes' '_quotas.LiveBytes' "$share.SharingBooks" tests
mutant 'share: stable buffers are made of reserved huge pages' MagAlloc.Sharing/BufferFormat.cs \
    'if (profile == BufferProfile.Stable && pages' 'if (profile < 0 && pages' "$share.SharedHugePage" tests
mutant 'share: freezing takes the pool a second time' MagAlloc.Sharing/Platform/FileMapping.cs \
    'MapPrivate | MapNoReserve | MapFixed' 'MapPrivate | MapFixed' "$share.SharedHugePage" tests
importer=MagAlloc.Sharing/BufferImporter
mutant 'share: a part of a huge page is mapped' $importer.Mapping.cs \
    'export.Length % page != 0' 'export.Length % Environment.SystemPageSize != 0' "$share.SharedHugePage" tests
mutant 'share: an importer maps parts of pages' $importer.Mapping.cs 'if (page == 0 || export.Length % page != 0)' 'if (page == 0)' "$share.HostileOwner" tests
mutant 'share: a buffer that comes in during a disposal stays' $importer.Receive.cs \
    'if (Atomic.Load(ref _isDisposed) != 0)' 'if (Atomic.Load(ref _isDisposed) < 0)' "$share.ImportRace" tests
mutant 'share: frames that the owner sent before its end are lost' $importer.Receive.cs \
    'VirtualMemory.LastError == LinuxError.ConnectionReset)' 'VirtualMemory.LastError == LinuxError.NoDevice)' "$share.LastWords" tests
mutant 'share: frames that the owner sent before its end are lost when a message cannot be sent' $importer.cs \
    '            Atomic.Store(ref _isUnheard, 1);' '            Atomic.Store(ref _isGone, 1);' "$share.LastWords" tests
mutant 'share: a copy is made of memory that may go' MagAlloc.Sharing/BufferImport.cs \
    'isPinned = _pins != 0;' 'isPinned = _pins > 1;' "$share.ImportRace" tests
mutant 'share: an importer does not look at the seals' $importer.cs '(has & seals) != seals || ' '' "$share.HostileOwner" tests
mutant 'share: an importer does not look at the length' $importer.cs 'status.Bytes < (ulong)bytes' 'status.Bytes == 0' "$share.HostileOwner" tests
mutant 'share: an importer takes a place twice' $importer.Receive.cs '&& !present.IsDisposed)' '&& present.Slot < 0)' "$share.HostileOwner" tests
mutant 'share: frames of a former life count' $importer.Receive.cs ' && import.Generation == generation ?' ' ?' "$share.Generation|$share.StubbornOwner" tests
mutant 'share: frames are kept without end' $importer.Receive.cs \
    '        if (_frames.Count < _view.Slots)' '        if (_frames.Count >= 0)' "$share.StubbornOwner" tests
mutant 'share: an owner that talks puts the end of a wait off' $importer.Receive.cs 'bool isEnough = ++read % MostAtOnce == 0;' 'bool isEnough = read < 0;' "$share.StubbornOwner" tests
mutant 'share: a pinned import is said to be let go' MagAlloc.Sharing/BufferImport.cs ' && !isPinned)' ')' "$share.PinTests" tests
mutant 'share: a copy is not looked at again' MagAlloc.Sharing/BufferImport.cs \
    '        return !IsRevoked;' '        return true;' "$share.StableProfile" tests
mutant 'share: a revocable buffer is copied from its mapping' MagAlloc.Sharing/BufferImport.cs \
    '        if (Profile == BufferProfile.Revocable)
        {
            if (MemoryFiles.Read' '        if (Profile == (BufferProfile)9)
        {
            if (MemoryFiles.Read' "$share.RevocableProfile" tests
mutant 'share: of several descriptors the others stay open' MagAlloc.Sharing/Platform/MessageSocket.cs \
    '            _ = LibC.Close(numbers[i]);' '            _ = numbers[i];' 'FullyQualifiedName~MessageSocketTests' tests
mutant 'share: what was closed before a wait is waited for' MagAlloc.Sharing/Platform/PollSet.cs \
    'isClosed ? 0 : milliseconds' 'milliseconds' 'FullyQualifiedName~PollSetTests' tests
mutant 'share: closes are read without end' MagAlloc.Sharing/Platform/FileWatch.cs \
    'reads < MostReads' 'reads >= 0' 'FullyQualifiedName~FileWatchTests' tests
mutant 'share: a signal ends a wait' MagAlloc.Sharing/Platform/PollSet.cs \
    'if (happened >= 0 || VirtualMemory.LastError != LinuxError.Interrupted)' 'if (happened >= -1)' 'FullyQualifiedName~PollSetTests' tests

# Mutants that are kept by subject: each file calls mutant.
for list in "$root"/tests/mutants/*.list.sh; do
    # shellcheck source=/dev/null
    source "$list"
done

exit $failed
