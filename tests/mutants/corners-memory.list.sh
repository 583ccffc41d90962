# What the machine has left, huge pages, messages of refusals, and reservations of address ranges: defects put back one at a time. Sourced by run.sh.

mutant 'memory: the machine is never asked' MagAlloc/Events/CommitCounter.cs 'return sum <= _asked || TryAsk(sum);' 'return true;' \
    'FullyQualifiedName~CommitBudgetTests' tests
mutant 'memory: what others have claimed is not counted' MagAlloc/Events/CommitBudget.cs 'if (Look() - Claimed >= pending)' 'if (Look() >= bytes)' \
    'FullyQualifiedName~CommitBudgetTests' tests
mutant 'memory: requests under way do not see each other' MagAlloc/Events/CommitBudget.cs 'if (Look() - Claimed >= pending)' 'if (Look() - Claimed >= bytes)' \
    'FullyQualifiedName~CommitBudgetTests'
mutant 'memory: a large run opens its metadata before it is refused' MagAlloc/Slabs/RunSpace.cs '!_arena.Committed.MayAdd(more)' 'false' \
    'FullyQualifiedName~Heap.MachineMemoryTests.MoreThan' tests
mutant 'memory: a disposed heap keeps its claim' MagAlloc/Heap/BlockCore.cs 'Committed.Close();' '' \
    'FullyQualifiedName~Heap.MachineMemoryTests' tests
mutant 'memory: groups above do not count' MagAlloc/Platform/ControlGroupPath.cs 'if (below.Length == 0)' 'if (below.Length >= 0)' \
    'FullyQualifiedName~SystemMemoryTests' tests
mutant 'memory: clean pages of files are not free' MagAlloc/Platform/ControlGroup.cs 'long free = files + swap - used;' 'long free = swap - used;' \
    'FullyQualifiedName~SystemMemoryTests' tests
mutant 'memory: a moved process is looked for where it was' MagAlloc/Platform/SystemMemory.cs 'path is not null && path.IsOf(membership)' 'path is not null' \
    'FullyQualifiedName~SystemMemoryTests' tests
mutant 'memory: each buffer of a request is compared alone' MagAlloc.Sharing/MemoryClaim.cs 'count * format.Bytes' 'format.Bytes' \
    'FullyQualifiedName~Sharing.MachineMemoryTests.ARequest' tests
mutant 'memory: the container sets no limit' MagAlloc/Heap/NativeHeapOptions.cs 'return container == 0' 'return container >= 0' \
    'FullyQualifiedName~Heap.MachineMemoryTests.AShare' tests
mutant 'memory: huge pages are not refused' MagAlloc/Platform/LinuxMemory.cs '=> LibC.Advise(address, bytes, AdviseNoHugePages) == 0 ||' '=> true ||' \
    'FullyQualifiedName~HugePageTests' tests
mutant 'memory: a refusal by the byte limit is not noted' MagAlloc/Concurrency/BoundedCounter.cs 'Refusal.Note(RefusalKind.ByteLimit);' '' \
    'FullyQualifiedName~OutOfMemoryMessageTests' tests
mutant 'memory: a refusal for want of a place is not noted' MagAlloc/Slabs/Arena.cs 'Refusal.Note(RefusalKind.Reservation);' '' \
    'FullyQualifiedName~OutOfMemoryMessageTests' tests
mutant 'reservation: a wrong free takes a piece that is not recorded yet' MagAlloc.Iova/IovaRanges.cs 'Tree.TryClaimHeld(first, last)' 'Tree.TryClaim(first, last)' \
    'FullyQualifiedName~Iova.ReservationTests' tests
mutant 'reservation: a held claim can be freed' MagAlloc.Iova/Ranges/RangeTree.cs '=> TryClaim(first, last, RangeCells.Held);' '=> TryClaim(first, last, RangeCells.Start);' \
    'FullyQualifiedName~ReservationTests'
mutant 'reservation: claims stay when the record is refused' MagAlloc.Iova/IovaRanges.cs 'Tree.FreeHeld(piece.First, piece.Last);' '' \
    'FullyQualifiedName~Iova.ReservationTests' tests
mutant 'reservation: an addition brings back what was removed' MagAlloc.Iova/ReservedRanges.cs 'seen.Where(static entry => !entry.IsFreed)' 'seen.Select(static entry => new ReservedRange(entry.Range))' \
    'FullyQualifiedName~ReservationTests'
