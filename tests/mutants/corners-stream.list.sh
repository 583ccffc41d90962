# Frames in one order, importers that hang, and what importers let go of. Sourced by run.sh.
mutant 'share: an importer that acknowledges nothing may stay for ever' MagAlloc.Sharing/FrameStream.Lines.cs \
    'IsLate(BufferPeer peer) => peer.DueAt <= Ticks.Now;' 'IsLate(BufferPeer peer) => false;' \
    'FullyQualifiedName~SilentImporterTests' tests

mutant 'share: the caretaker sleeps on while an importer becomes due' MagAlloc.Sharing/FrameStream.Lines.cs \
    'if (peer.DueAt < bells.CareUntil)' 'if (false)' \
    'FullyQualifiedName~SilentImporterTests' tests

mutant 'share: an acknowledgement does not begin the time anew' MagAlloc.Sharing/FrameStream.Lines.cs \
    'ExpectAcknowledgement(claim.Peer);
        Settle(claim);' 'Settle(claim);' \
    'FullyQualifiedName~SilentImporterTests' tests

mutant 'share: who comes late gets what waits in the order of exports' MagAlloc.Sharing/FrameStream.Lines.cs \
    'if (buffer.Sequence == _sequence)' 'if (true)' \
    'FullyQualifiedName~FrameOrderTests' tests

mutant 'share: what waits is not skipped when a newer frame goes out' MagAlloc.Sharing/FrameStream.Lines.cs \
    '_newestOut = buffer.Sequence;
            SkipOlder();' '_newestOut = buffer.Sequence;' \
    'FullyQualifiedName~FrameOrderTests|FullyQualifiedName~StreamModelTests' tests

mutant 'share: what a crowded importer never got is forgotten with it' MagAlloc.Sharing/FrameStream.Lines.cs \
    'else
            {
                Unclaim(buffer);
            }' '' \
    'FullyQualifiedName~FrameOrderTests|FullyQualifiedName~StreamModelTests' tests

mutant 'share: a new frame overtakes those that stand in line' MagAlloc.Sharing/FrameStream.Lines.cs \
    'claim.Peer.Line.Enqueue(claim);
        Serve(claim.Peer);' 'if (claim.Peer.Frames < claim.Peer.FrameRoom)
        {
            TryHandOver(claim);
            return;
        }

        claim.Peer.Line.Enqueue(claim);' \
    'FullyQualifiedName~FrameOrderTests|FullyQualifiedName~CrowdTests|FullyQualifiedName~StreamModelTests' tests

mutant 'share: a frame has the time of its hand-over' MagAlloc.Sharing/FrameStream.Lines.cs \
    'Timestamp = buffer.QueuedAt' 'Timestamp = Ticks.Now' \
    'FullyQualifiedName~FrameOrderTests' tests

mutant 'share: a request that fails leaves its buffers in the stream' MagAlloc.Sharing/BufferReclaimer.cs \
    '        stream.Withdraw(buffer);
' '' \
    'FullyQualifiedName~FrameOrderTests' tests

mutant 'share: a bell that was disposed of throws' MagAlloc.Sharing/Platform/Doorbell.cs \
    'catch (ObjectDisposedException)
        {
            // Nobody waits.' 'catch (ObjectDisposedException) when (bell is null)
        {
            // Nobody waits.' \
    'FullyQualifiedName~DisposalTableTests' tests

mutant 'share: released buffers are never let go of' MagAlloc.Sharing/BufferImporter.Receive.cs \
    'if (!_mayLetGo || _options.KeepReleased)' 'if (true)' \
    'FullyQualifiedName~LetGoTests' tests

mutant 'share: an importer that waits is not told of a release' MagAlloc.Sharing/BufferReclaimer.cs \
    '                peers.TrySend(peer, ref message);' '                _ = peer;' \
    'FullyQualifiedName~LetGoTests' tests

mutant 'share: a frame that is not acknowledged is unmapped' MagAlloc.Sharing/BufferImport.cs \
    'if (_pins != 0 || _frames.Count != 0)' 'if (_pins != 0)' \
    'FullyQualifiedName~LetGoTests' tests

mutant 'share: what a caller has got is let go of under him' MagAlloc.Sharing/BufferImport.cs \
    'if (_isCallers || IsDisposed)' 'if (IsDisposed)' \
    'FullyQualifiedName~LetGoTests' tests
mutant 'share: a wait that stood still gives up without a look' MagAlloc.Sharing/BufferImporter.Receive.cs \
    'if (isOver && (!any || isEnough))' 'if (isOver || (timeout > TimeSpan.Zero && !any && Stopwatch.GetElapsedTime(start) >= timeout))' \
    'FullyQualifiedName~AWaitThatStoodStill' tests
