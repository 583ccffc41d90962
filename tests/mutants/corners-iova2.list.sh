# Mutants of late frees by place and size: each puts back what was mended. Sourced by run.sh; each is a call of mutant().
mutant 'exactly: a late free takes whatever begins there' MagAlloc.Iova/Ranges/RangeStarts.cs \
    '(first != unit || last != end)' '(first != unit || last == ulong.MaxValue)' 'FullyQualifiedName~RangeTree'
mutant 'exactly: the end is not looked at again behind the hold' MagAlloc.Iova/Ranges/RangeStarts.cs \
    'if (reader.EndOf(first, level, held) != last)' 'if (last == ulong.MaxValue)' 'FullyQualifiedName~RangeTree'
