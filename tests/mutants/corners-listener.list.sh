# Shared buffers: who listens at a path, what an importer or an owner does with descriptors, the watcher of closes, dma-bufs. Sourced by run.sh.
share="FullyQualifiedName~Tests.Sharing"
mutant 'share: a lock that another has is taken' MagAlloc.Sharing/Platform/LockFile.cs \
    'LinuxCalls.Lock(file, Exclusive | DontWait) == 0' 'LinuxCalls.Lock(file, GiveBack) == 0' "$share.Starter" tests
mutant 'share: the lock of a file that is gone counts' MagAlloc.Sharing/PathLock.cs \
    'if (IsAt(path + Suffix, file))' 'if (attempt >= 0)' "$share.Starter" tests
mutant 'share: what has taken the place of a socket is deleted with it' MagAlloc.Sharing/BufferListener.cs \
    ' && present.Identity == _bound)' ')' "$share.Starter" tests
mutant 'share: what has taken the place of a lock is deleted with it' MagAlloc.Sharing/PathLock.cs \
    'if (IsAt(_path, _file))' 'if (_path.Length > 0)' "$share.Starter" tests
mutant 'share: who connects and leaves ends the wait for an importer' MagAlloc.Sharing/BufferListener.cs \
    '            if (TryConnect(queue, poll, silent) is { } peer)
            {
                return peer;
            }' '            if (poll[0] == 0 && silent.Count != 0)
            {
                return TryConnect(queue, poll, silent);
            }' "$share.Starter|$share.HostileImporter" tests
mutant 'share: an opening waits for a lease' MagAlloc.Sharing/Platform/MemoryFiles.cs \
    'OpenCloseOnExec | OpenNonBlocking | (writable' 'OpenCloseOnExec | (writable' "$share.LockingImporter" tests
mutant 'share: an importer takes huge pages that can be taken out' MagAlloc.Sharing/BufferImporter.Mapping.cs \
    'profile == BufferProfile.Immutable && MemoryFiles' 'MemoryFiles' "$share.SharedHugePage" tests
mutant 'share: an importer takes huge pages that are not there' MagAlloc.Sharing/BufferImporter.Mapping.cs \
    ' && status.ResidentBytes >= (long)status.Bytes;' ';' "$share.SharedHugePage" tests
mutant 'share: an importer asks for a part of the seals' MagAlloc.Sharing/BufferImporter.Mapping.cs \
    'BufferProfile.Stable => MemoryFiles.SealShrink | MemoryFiles.SealGrow,' 'BufferProfile.Stable => MemoryFiles.SealShrink,' "$share.ForeignFile" tests
mutant 'share: each queue has a watcher of its own' MagAlloc.Sharing/CloseWatcher.cs \
    's_current ??= TryStart(queue, faults);' 's_current = TryStart(queue, faults);' "$share.CloseWatcher" tests
mutant 'share: a close is told to nobody' MagAlloc.Sharing/CloseWatcher.cs \
    '_watches.GetValueOrDefault(watch)?.Tell();' '_ = watch;' "$share.CloseWatcher" tests
mutant 'share: closes that the kernel could not keep are nobodys' MagAlloc.Sharing/CloseWatcher.cs \
    'if (!isComplete)' 'if (_queues.Count < 0)' "$share.CloseWatcher" tests
mutant 'share: a queue that goes leaves its watches' MagAlloc.Sharing/CloseWatcher.cs \
    '_watches.Where(one => one.Value == queue)' '_watches.Where(one => one.Key < 0)' "$share.CloseWatcher" tests
mutant 'share: the watcher outlives the last queue' MagAlloc.Sharing/CloseWatcher.cs \
    'if (_queues.Count != 0)' 'if (_queues.Count >= 0)' "$share.CloseWatcher" tests
mutant 'share: a bell that is gone cannot be rung' MagAlloc.Sharing/Platform/Doorbell.cs \
    'catch (ObjectDisposedException)' 'catch (ObjectDisposedException) when (one == 0)' "$share.EndRace" tests
mutant 'share: a dma-buf holds nothing' MagAlloc.Sharing/BufferHolders.cs \
    'if (IsInDmaBuf(buffer))' 'if (IsInDmaBuf(buffer) && buffer.Index < 0)' "$share.DmaBuf" tests
mutant 'share: a buffer in a dma-buf is revoked' MagAlloc.Sharing/SharedBuffer.cs \
    ' && DmaBufs.Count == 0;' ';' "$share.DmaBuf" tests
