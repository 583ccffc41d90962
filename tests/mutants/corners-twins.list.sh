# Failures beside other owners, and few addresses. Sourced by run.sh.
twins='FullyQualifiedName~TwinTests'
space='FullyQualifiedName~RestrictedSpaceTests'

mutant 'twins: a half-built owner is asked for its figures' MagAlloc/Events/OwnerRegistry.cs \
    '=> owners.Any(other => other.TryGetTarget(out IEventOwner? living) && living == owner)' '=> owners is not null && owner is not null' "$twins" tests
mutant 'twins: a heap that cannot be listed stays' MagAlloc/Heap/NativeHeap.cs \
    '            _core.Close();
            throw;' '            throw;' "$twins" tests
mutant 'twins: a pool that cannot be listed stays' MagAlloc/Heap/UnmanagedPool.cs \
    '            _core.Close();
            throw;' '            throw;' "$twins" tests
mutant 'twins: a cache that cannot be listed stays' MagAlloc/Heap/MagazineCache.cs \
    '            Close();
            throw;' '            throw;' "$twins" tests
mutant 'twins: the end of a failed cache is a disposal' MagAlloc/Heap/MagazineCache.cs \
    '            Close();
            throw;' '            Dispose();
            throw;' "$twins" tests
mutant 'twins: a queue that cannot be listed stays' MagAlloc.Sharing/QueueCore.cs \
    '        CloseDescriptors();
        OwnerRegistry' '        OwnerRegistry' "$twins" tests
mutant 'twins: a disposal needs memory' MagAlloc/Events/OwnerRegistry.cs \
    'catch (OutOfMemoryException)' 'catch (OutOfMemoryException) when (owner is null)' "$twins" tests
mutant 'twins: released before the last figures' MagAlloc/Heap/BlockCore.cs \
    '            OwnerRegistry.Instance.Withdraw(this, _faults);' '            Release();
            OwnerRegistry.Instance.Withdraw(this, _faults);' 'FullyQualifiedName~EveryEventTests' tests
mutant 'twins: an owner that has ended stays in its series' MagAlloc/Events/OwnerRegistry.cs \
    'living != owner' 'living != null' 'FullyQualifiedName~MeterTests|FullyQualifiedName~EveryEventTests' tests
mutant 'twins: a monitor that throws costs instruments' MagAlloc/Diagnostics/MagAllocMeter.cs \
    'catch (Exception)' 'catch (OutOfMemoryException)' 'FullyQualifiedName~A_listener_that_throws' tests
mutant 'addresses: an arena is aligned or not at all' MagAlloc/Platform/VirtualMemory.cs \
    'alignment <= least)' 'alignment <= best)' "$space" tests
mutant 'addresses: a heap has a gigabyte or nothing' MagAlloc/Heap/BlockCore.Sizes.cs \
    'NativeHeapOptions.MinimumReservedBytes : LeastInACrowd' 'LeastInACrowd : LeastInACrowd' "$space" tests
mutant 'addresses: a pool has 16 GiB or nothing' MagAlloc/Heap/UnmanagedPoolOptions.cs \
    'ReservedBytes = ReservedBytes,' 'ReservedBytes = ReservedBytes == 0 ? 16L << 30 : ReservedBytes,' "$space" tests
mutant 'addresses: a cache has all its magazines or nothing' MagAlloc/Magazines/MagazineStore.cs \
    'least == 0 ||' 'least >= 0 ||' "$space" tests
mutant 'addresses: a shared heap that failed fails for ever' MagAlloc/Heap/SharedHeap.cs \
    'when (e is OutOfMemoryException or InvalidOperationException)' 'when (e is OutOfMemoryException && s_late is not null)' "$space" tests
