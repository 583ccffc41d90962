#!/usr/bin/env bash
# Proves the performance gate: makes the engine or the baselines worse on purpose, one probe at a time, in a copy, and requires that
# `bench gate` turns red, by the entries that are there for it.
#
#   tests/gate/run.sh [NAME…]         all probes, or those whose name contains one of the words
#   tests/gate/run.sh --green [N]     N runs (default 10) of the whole gate on the unchanged copy: all must be green
#
# Prints a table. Exit code 1 when a probe stays green, turns red by other entries only, or does not apply to the engine's text any
# more. Not part of CI: a probe is a build and some seconds of measurement, a green run about a minute. docs/performance/gate.md has
# the tables of the last run. The baselines are those of this machine, recorded in the copy at the start: what is proved is that
# the gate sees a change, not that this machine is the one of perf-baselines.json.
set -uo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_CLI_UI_LANGUAGE=en
(cd "$root" && tar cf - --exclude=bin --exclude=obj --exclude=.git --exclude=BenchmarkDotNet.Artifacts .) | tar xf - -C "$work"
bench="$work/bench/bin/Release/net10.0/bench.dll"
baselines="$work/baselines.json"
failed=0

build() { dotnet build "$work/bench" -c Release -v q -p:TreatWarningsAsErrors=false -p:EnforceCodeStyleInBuild=false > "$work/build.log" 2>&1; }

gate() { dotnet "$bench" gate --baselines "$baselines" "$@"; }

# The names of the entries that went red in a log.
red() { sed -n 's/^FAILURE \([a-z0-9-]*\): .*/\1/p' "$1" | sort -u | paste -sd' '; }

build || { echo "the unchanged copy does not build: $(grep -m1 -o 'error .*' "$work/build.log")" >&2; exit 1; }

if [ "${1:-}" = --green ]; then
    runs="${2:-10}"
    printf '| run | verdict | seconds | red, or measured twice |\n|---|---|---|---|\n'
    gate --update > "$work/gate.log" || { cat "$work/gate.log"; exit 1; }
    for ((i = 1; i <= runs; i++)); do
        if gate > "$work/gate.log" 2>&1; then verdict=green; else verdict='**red**'; failed=1; fi
        seconds="$(sed -n 's/^\(PASS\|FAIL\): .*, \([0-9.]*\) s$/\2/p' "$work/gate.log")"
        again="$(sed -n 's/^measured once more: //p' "$work/gate.log")"
        printf '| %s | %s | %s | %s %s |\n' "$i" "$verdict" "$seconds" "$(red "$work/gate.log")" "$again"
    done
    exit "$failed"
fi

wanted=("$@")
is_wanted() {
    [ "${#wanted[@]}" -eq 0 ] && return 0
    local word
    for word in "${wanted[@]}"; do [[ "$1" == *"$word"* ]] && return 0; done
    return 1
}

# judge NAME EXPECTED ENTRY…: runs the gate on the entries; EXPECTED is the one that must be red, whatever else is.
judge() {
    local name="$1" expected="$2"
    shift 2
    gate --entry "$@" > "$work/gate.log" 2>&1
    local status=$? reds verdict
    reds="$(red "$work/gate.log")"
    if [ "$status" -eq 1 ] && [[ " $reds " == *" $expected "* ]]; then
        verdict=red
    elif [ "$status" -eq 0 ]; then
        verdict='**stays green**'
        failed=1
    else
        verdict="**not by $expected** (exit code $status)"
        failed=1
    fi

    printf '| %s | %s | %s | %s |\n' "$name" "$verdict" "$reds" \
        "$(sed -n "s/^FAILURE $expected: //p" "$work/gate.log" | sed 's/\. .*//; s/;.*//' | head -1)"
}

# breaks FILE OLD NEW: replaces the first OLD in engine/FILE by NEW and builds; says what is wrong if that does not work.
breaks() {
    local file="$work/engine/$1" old="$2" new="$3" text
    text="$(cat "$file"; printf x)"
    text="${text%x}"
    if [[ "$text" != *"$old"* ]]; then
        printf '**does not apply**: the text is not in engine/%s any more' "$1"
        return 1
    fi

    printf '%s' "${text/"$old"/"$new"}" > "$file"
    build || { printf '**does not build**: %s' "$(grep -m1 -o 'error .*' "$work/build.log")"; return 1; }
}

restore() { cp "$root/engine/$1" "$work/engine/$1"; }

# engine NAME EXPECTED FILE OLD NEW ENTRY…
engine() {
    local name="$1" expected="$2" file="$3" old="$4" new="$5" flaw
    shift 5
    is_wanted "$name" || return 0
    if flaw="$(breaks "$file" "$old" "$new")"; then
        judge "$name" "$expected" "$@"
    else
        printf '| %s | %s | | |\n' "$name" "$flaw"
        failed=1
    fi

    restore "$file"
}

# slower NAME EXPECTED FILE OLD NEW ENTRY…: as engine; NEW has DELAY, which stands for dependent instructions: as many as slow EXPECTED
# down by about a fifth on this machine. It tries more until they do.
slower() {
    local name="$1" expected="$2" file="$3" old="$4" new="$5" delay='' steps flaw before after percent=0
    shift 5
    is_wanted "$name" || return 0
    before="$(sed -n "/\"name\": \"$expected\"/,/}/ s/.*\"value\": \([0-9.]*\).*/\1/p" "$baselines")"
    for steps in 1 2 3 4 5 6 8 10 12 16 20; do
        delay=''
        for ((i = 0; i < steps; i++)); do delay+='top = (nuint*)System.Numerics.BitOperations.RotateLeft((nuint)top, 32); top = (nuint*)System.Numerics.BitOperations.RotateLeft((nuint)top, 32); '; done
        if ! flaw="$(breaks "$file" "$old" "${new/DELAY/"$delay"}")"; then
            printf '| %s | %s | | |\n' "$name" "$flaw"
            failed=1
            restore "$file"
            return 0
        fi

        gate --entry "$expected" --json "$work/verdict.json" > /dev/null 2>&1
        after="$(sed -n 's/.*"measured": \([0-9.]*\),.*/\1/p' "$work/verdict.json")"
        percent="$(awk "BEGIN { printf \"%.1f\", ($after / $before - 1) * 100 }")"
        awk "BEGIN { exit !($percent >= 17) }" && break
        restore "$file"
    done

    if awk "BEGIN { exit !($percent >= 17 && $percent <= 25) }"; then
        judge "$name: $((2 * steps)) instructions, $percent % slower" "$expected" "$@"
    else
        printf '| %s | **cannot be slowed by a fifth**: %s %% with %s instructions | | |\n' "$name" "$percent" "$((2 * steps))"
        failed=1
    fi

    restore "$file"
}

# baseline NAME EXPECTED SED-SCRIPT ENTRY…: edits the baselines and judges.
baseline() {
    local name="$1" expected="$2" script="$3"
    shift 3
    is_wanted "$name" || return 0
    cp "$baselines" "$work/kept.json"
    sed -i "$script" "$baselines"
    if cmp -s "$baselines" "$work/kept.json"; then
        printf '| %s | **does not apply** | | |\n' "$name"
        failed=1
    else
        judge "$name" "$expected" "$@"
    fi

    cp "$work/kept.json" "$baselines"
}

exact=depot-exchanges-batch-256
mapfile -t used < <(grep -oE '\b(ratio|locked|instructions|managed-bytes|depot-exchanges)-[a-z0-9-]+' "$0" | sort -u | grep -vx depot-exchanges-batch)
gate --update --entry "${used[@]}" > "$work/gate.log" || { cat "$work/gate.log"; exit 1; }
printf '| probe | verdict | red entries | what the gate says of the expected one |\n|---|---|---|---|\n'

cache=MagAlloc/Magazines/ThreadCache.cs
allocate=MagAlloc/Heap/NativeHeap.Allocate.cs
slower 'the fast path of all allocations is slower' ratio-pair-64 $cache \
    'entry->Loaded = top - 1;' 'DELAY entry->Loaded = top - 1;' \
    ratio-pair-64 ratio-pair-64-handle ratio-pair-64-pool ratio-batch-256
slower 'the fast path of all frees is slower' ratio-pair-64 $cache \
    'entry->Previous = top + 1;' 'DELAY entry->Previous = top + 1;' \
    ratio-pair-64 ratio-pair-64-handle ratio-pair-64-pool ratio-batch-256
engine 'an atomic in Allocate' locked-heap-allocate $allocate \
    'return (void*)block;' 'System.Threading.Interlocked.MemoryBarrier(); return (void*)block;' \
    locked-heap-allocate locked-heap-free instructions-heap-allocate
engine 'an atomic in every free' locked-heap-free $cache \
    'entry->Previous = top + 1;' 'System.Threading.Interlocked.MemoryBarrier(); entry->Previous = top + 1;' \
    locked-heap-allocate locked-heap-free locked-heap-free-sized locked-handle-free locked-handle-free-sized locked-pool-return
engine 'a managed allocation in Allocate' managed-bytes-heap $allocate \
    'return (void*)block;' "System.GC.KeepAlive(new string('x', 3)); return (void*)block;" \
    managed-bytes-heap managed-bytes-sized-free managed-bytes-handle managed-bytes-pool
engine 'a managed allocation in every pop' managed-bytes-pool $cache \
    'entry->Loaded = top - 1;' "System.GC.KeepAlive(new string('x', 3)); entry->Loaded = top - 1;" \
    managed-bytes-heap managed-bytes-sized-free managed-bytes-handle managed-bytes-pool

ranges=MagAlloc.Iova/IovaDomain.Fast.cs
engine 'an atomic in TryAllocateFast' locked-iova-allocate $ranges \
    'pfn = first;' 'System.Threading.Interlocked.MemoryBarrier(); pfn = first;' \
    locked-iova-allocate locked-iova-free instructions-iova-allocate
engine 'a managed allocation in FreeFast' managed-bytes-iova-fast $ranges \
    '// A misaligned range' "System.GC.KeepAlive(new string('x', 3)); // A misaligned range" \
    managed-bytes-iova-fast managed-bytes-iova-tree

build
baseline 'an entry is renamed' $exact "s/\"name\": \"$exact\"/\"name\": \"depot-exchanges-batch\"/" $exact depot-exchanges-batch
baseline 'an entry is missing' ghost 's/"entries": \[/&{ "name": "ghost", "class": "report", "value": 1, "unit": "ns" },/' $exact ghost
baseline 'an entry is there twice' $exact \
    "s/\"entries\": \[/&{ \"name\": \"$exact\", \"class\": \"exact\", \"value\": 1, \"unit\": \"exchanges per 1,000 calls\" },/" $exact
baseline 'a baseline is 0' ratio-pair-64 '/"name": "ratio-pair-64"/,/}/ s/"value": [0-9.]*/"value": 0/' ratio-pair-64
baseline 'a law is bent' locked-heap-free '/"name": "locked-heap-free"/,/}/ s/"value": 0/"value": 1/' locked-heap-free
exit "$failed"
