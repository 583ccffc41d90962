#!/usr/bin/env bash
# Writes docs/mutants.md out of the mutants in this folder and the verdicts that were recorded last.
#
#   tests/mutants/table.sh [LOG…]     records the rows of these outputs of run.sh in verdicts.tsv first
#   tests/mutants/table.sh --check    writes nothing; exit code 1 when the page is not up to date
#
# verdicts.tsv has a line for each mutant that was ever run: name, verdict, test. Mutants that are gone leave it.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
page="$here/../../docs/mutants.md"
recorded="$here/verdicts.tsv"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

check=0
if [ "${1:-}" = --check ]; then
    check=1
    shift
fi

# In the order in which run.sh runs them.
cat "$here/run.sh" "$here"/*.list.sh | sed -n "s/^mutant '\([^']*\)'.*/\1/p" > "$work/names"

# A later verdict replaces an earlier one. In the output of run.sh a row is | name | verdict | test |.
touch "$recorded"
{
    cat "$recorded"
    if [ "$#" -gt 0 ]; then
        cat -- "$@" | sed -n 's/^| \(.*\) | \(caught\|survived\|survived, as it must\) | \(.*\) |$/\1\t\2\t\3/p'
    fi
} | awk -F '\t' '
    NR == FNR { wanted[$0] = ++count; order[count] = $0; next }
    $1 in wanted { line[$1] = $0 }
    END { for (i = 1; i <= count; i++) if (order[i] in line) print line[order[i]] }
' "$work/names" - > "$work/verdicts"

awk -F '\t' '
    NR == FNR { verdict[$1] = $2; test[$1] = $3; next }
    {
        total++
        shown = $0
        sub(/^=/, "", shown)
        v = verdict[$0]
        by = test[$0]
        if (v == "") { missing++; v = "not run since it was written" }
        else if (v == "caught") { caught++ }
        else if ($0 ~ /^=/) { equivalent++ }
        else { missed++; v = "**survived**" }
        if (by != "" && by !~ / /) by = "`" by "`"
        rows[total] = "| " shown " | " v " | " by " |"
    }
    END {
        print "<!-- Written by tests/mutants/table.sh. Do not edit. -->"
        print ""
        print "# Mutants"
        print ""
        print "Deliberate defects, and the test that failed first for each. `tests/mutants/run.sh` puts each"
        print "of them into a copy of the repository and requires a failure. [Testing](testing.md#mutants)"
        print "says how that works, and why some must survive."
        print ""
        printf "%d mutants:\n\n- %d caught\n- %d equivalent: they survive, as they must\n", total, caught, equivalent
        if (missed > 0) printf "- %d that a test should have caught\n", missed
        if (missing > 0) printf "- %d without a recorded verdict\n", missing
        print ""
        print "| mutant | verdict | test that failed first |"
        print "|---|---|---|"
        for (i = 1; i <= total; i++) print rows[i]
    }
' "$work/verdicts" "$work/names" > "$work/page"

if [ "$check" = 1 ]; then
    if ! diff -q "$work/page" "$page" > /dev/null; then
        echo "docs/mutants.md is not what the mutants and verdicts.tsv say: run tests/mutants/table.sh" >&2
        exit 1
    fi

    exit 0
fi

cp "$work/verdicts" "$recorded"
cp "$work/page" "$page"
