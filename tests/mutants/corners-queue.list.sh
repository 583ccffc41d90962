# The ledger of shared buffers: moves that must be refused, and counts that must match. Sourced by run.sh.
ledger=MagAlloc.Sharing/BufferLedger.cs
model='FullyQualifiedName~BufferLedgerTests'

mutant 'ledger: whoever closes a buffer may end its revocation' $ledger \
    'buffer.Phase == BufferPhase.Revoking, BufferPhase.Revoked' \
    'buffer.Phase is BufferPhase.Revoking or BufferPhase.Closing, BufferPhase.Revoked' "$model"

mutant 'ledger: a live buffer can be put back' $ledger \
    'buffer.Phase is BufferPhase.Revoking or BufferPhase.Closing, buffer.HasPages' \
    'buffer.Phase != BufferPhase.Reclaimed, buffer.HasPages' "$model"

mutant 'ledger: a pinned buffer is closed' $ledger \
    'buffer.Pins != 0 || buffer.DmaBufs.Count != 0' 'buffer.DmaBufs.Count != 0' "$model"

mutant 'ledger: a frame that stands in line counts as had' $ledger \
    '        else if (claim.Pending != 0)' '        if (claim.Pending != 0)' "$model"

mutant 'ledger: a claim that is dropped stays in its importers table' $ledger \
    'if (claim.Peer.Claims.Remove(claim.Buffer.Slot))' 'if (claim.Peer.Claims.ContainsKey(claim.Buffer.Slot))' "$model"

mutant 'ledger: what is promised can be acknowledged' MagAlloc.Sharing/FrameStream.Lines.cs \
    'claim is null || claim.IsInLine || ' 'claim is null || ' "$model"
