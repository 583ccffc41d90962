# Ends of lives: defects that were found, put back one at a time. Sourced by run.sh.
life=MagAlloc/Magazines/CacheLifetime.cs
end=MagAlloc/Magazines/CacheLifetime.Close.cs

mutant 'ends: a disposal leaves the number in the caches of living threads' $end \
    'Atomic.CompareExchange(ref cache->EngineId, 0, Id);' '' 'FullyQualifiedName~AfterDisposeTests' tests
mutant 'ends: a disposal requests no flush, so that magazines are swapped' $end \
    'RequestFlush();
        StopWorker();' 'StopWorker();' 'FullyQualifiedName~LastUseTests' tests
mutant 'ends: a handle allocates out of its second magazine' MagAlloc/Heap/NativeHeap.Allocate.cs \
    'ObjectDisposedException.ThrowIf(_core.Engine.IsClosed, this);
        return AllocateNext' 'return AllocateNext' 'FullyQualifiedName~LastUseTests' tests
mutant 'ends: a pin does not look at the flag' $life \
    'Atomic.Store(ref cache->Pins, cache->Pins + 1);
        if (IsClosed)' 'Atomic.Store(ref cache->Pins, cache->Pins + 1);
        if (cache == null)' 'FullyQualifiedName~CacheLife'
mutant 'ends: what was used last is not written before the flag is read' MagAlloc/Magazines/CacheLifetime.Threads.cs \
    'LastUseSlot<TSource>.Current.Set(cache);
            if (IsClosed)' 'if (IsClosed)' 'FullyQualifiedName~CacheLife'
mutant 'ends: who attaches does not look at the flag' MagAlloc/Magazines/CacheLifetime.Threads.cs \
    'LastUseSlot<TSource>.Current.Set(cache);
            if (IsClosed)' 'LastUseSlot<TSource>.Current.Set(cache);
            if (cache == null)' 'FullyQualifiedName~CacheLife'
mutant 'ends: a thread at its fast path keeps nothing mapped' $end \
    'node.HasLeft || (!isPinned && !node.Use.Is(cache))' 'node.HasLeft || !isPinned' 'FullyQualifiedName~CacheLife'
mutant 'ends: a pinned thread keeps no more than a fast path needs' $end \
    'else if (!isPinned)
                {
                    node.LeaveSteps();' 'else
                {
                    node.LeaveSteps();' 'FullyQualifiedName~CacheLife'
mutant 'ends: all that a thread ever used stays mapped for it' $end \
    'node.HasLeft || (!isPinned && !node.Use.Is(cache))' 'node.HasLeft' 'FullyQualifiedName~FiveThousandDeadHeaps' tests
mutant 'ends: who unpins last does not let go' $life \
    'Atomic.Store(ref cache->Pins, cache->Pins - 1);
        if (IsClosed)' 'Atomic.Store(ref cache->Pins, cache->Pins - 1);
        if (cache == null)' 'FullyQualifiedName~AHandleHeldOverADisposal' tests
mutant 'ends: an owner of a visited cache writes the number over the end' MagAlloc/Magazines/CacheLifetime.Visit.cs \
    'Atomic.Store(ref cache->EngineId, Id);
        if (IsClosed)' 'Atomic.Store(ref cache->EngineId, Id);
        if (cache == null)' 'FullyQualifiedName~VisitTests'
mutant 'ends: the end is written over what a visitor has taken' $end \
    'Atomic.CompareExchange(ref cache->EngineId, 0, Id);' 'Atomic.Store(ref cache->EngineId, 0);' 'FullyQualifiedName~VisitTests'
mutant 'ends: a step that meets the end counts' MagAlloc.Iova/IovaEngine.cs \
    'bool counts = false;
        if (!IsClosed)' 'bool counts = false;
        if (cache != null)' 'FullyQualifiedName~VisitTests'
mutant 'ends: a node keeps its closed engine' MagAlloc/Magazines/CacheNode.cs \
    'Owner = null;
        Next = null;' 'Next = null;' 'FullyQualifiedName~NothingIsKept' tests
mutant 'ends: a node keeps its thread' MagAlloc/Magazines/ThreadLife.cs \
    'private readonly WeakReference<Thread> _thread = new(Thread.CurrentThread);' 'private readonly WeakReference<Thread> _thread = new(Thread.CurrentThread);
    private readonly Thread _kept = Thread.CurrentThread;' 'FullyQualifiedName~AnAsyncLocalOfADeadThread' tests
mutant 'ends: an interrupt ends the wait for guests' $end \
    'while (Atomic.Load(ref _guests) != 0)
        {
            Uninterrupted.SpinOnce(ref spin);' 'while (Atomic.Load(ref _guests) != 0)
        {
            spin.SpinOnce();' 'FullyQualifiedName~InterruptedDispose' tests
mutant 'ends: an interrupt ends the wait for the worker' MagAlloc/Concurrency/Uninterrupted.cs \
    'thread.Join();
                break;
            }
            catch (ThreadInterruptedException)' 'thread.Join();
                break;
            }
            catch (TimeoutException)' 'FullyQualifiedName~InterruptedDispose' tests
mutant 'ends: an interrupt is swallowed' MagAlloc/Concurrency/Uninterrupted.cs \
    'if (t_depth == 0 && t_pending)' 'if (t_depth == 1 && t_pending)' 'FullyQualifiedName~InterruptedDispose' tests
mutant 'ends: a source may dispose the cache that calls it' MagAlloc/Heap/MagazineCache.cs \
    'UserCall.RequireOutside(_engine.Id' 'UserCall.RequireOutside(-1' 'FullyQualifiedName~DisposeFromInside' tests
mutant 'ends: a constructor may dispose the pool that calls it' MagAlloc/Heap/UnmanagedPool.cs \
    'UserCall.RequireOutside(_core.Id' 'UserCall.RequireOutside(-1' 'FullyQualifiedName~DisposeFromInside' tests
mutant 'ends: a source inside another ones call may not be disposed' MagAlloc/Events/UserCall.cs \
    'if (call->_owner == owner)' 'if (call != null)' 'FullyQualifiedName~DisposeFromInside' tests
mutant 'ends: a source that throws ends the disposal half-way' $end \
    'catch (Exception e)
#pragma warning restore CA1031' 'catch (Exception e) when (cache == null && failure != null)
#pragma warning restore CA1031' 'FullyQualifiedName~DisposeFromInside' tests
mutant 'ends: a span of a disposed heap is given out' MagAlloc/Heap/NativeMemoryOwner.cs \
    'ObjectDisposedException.ThrowIf(_heap.Core.Engine.IsClosed, _heap);' '' 'FullyQualifiedName~BuffersOfADisposedHeap' tests
mutant 'ends: a pin does not keep its buffer mapped' MagAlloc/Heap/NativeMemoryOwner.cs \
    '_heap.Core.Engine.KeepMapped();' '' 'FullyQualifiedName~BuffersOfADisposedHeap' tests
