using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Text;
using MagAlloc.Interleaving.Exploration;
using MagAlloc.Platform;

namespace MagAlloc.Interleaving.Sharing;

/// <summary>
/// The state of a queue of two buffers and two importers, moved by whatever the owner, importers, the kernel and the
/// caretaker do under the queue's lock; without memory, sockets or threads. Each move is one critical section.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class BufferWorld
{
    public const int Count = 2;

    private const long Bytes = 4096;

    private readonly BufferLedger _ledger;
    private readonly PeerTable _peers;
    private readonly FrameStream _stream;
    private readonly SharedBuffer?[] _buffers = new SharedBuffer?[Count];
    private readonly BufferPeer[] _importers = new BufferPeer[Count];
    private readonly bool[] _hasRoom = [true, true];
    private readonly long[] _lastSeen = new long[Count];
    private readonly HashSet<(BufferPeer Importer, long Sequence)> _sent = [];
    private readonly HashSet<(BufferPeer Importer, long Sequence)> _acknowledged = [];
    private readonly HashSet<long> _back = [];
    private long _queued;

    public BufferWorld(QueueBells bells)
    {
        BufferQueueOptions options = new() { MaxBuffers = Count, MaxReleased = Count, AcknowledgeTimeout = Timeout.InfiniteTimeSpan };
        _ledger = new BufferLedger(options);
        _peers = new PeerTable(bells, null) { Road = Send };
        _stream = new FrameStream(options, _peers, bells);
        for (int i = 0; i < Count; i++)
        {
            _importers[i] = new BufferPeer(null!, null!, null, i + 1, 1, acceptsRevocable: true) { FrameRoom = 1 };
            _peers.Add(_importers[i]);
        }
    }

    /// <summary>The owner makes a buffer.</summary>
    public bool Make(int i)
    {
        if (_buffers[i] is not null)
        {
            return false;
        }

        BufferRange range = _ledger.Reserve(1, Bytes);
        Must.Be(range.Count, 1);
        var buffer = new SharedBuffer(new BufferFormat(Bytes, BufferProfile.Stable, BufferPages.Normal), null!);
        _ledger.Admit(buffer, range.First);
        _ledger.Forgo(range, 1, Bytes);
        _buffers[i] = buffer;
        return true;
    }

    public bool Export(int i, int to)
    {
        if (_buffers[i] is not { Phase: BufferPhase.Live } buffer || _importers[to].IsGone || _importers[to].Claims.ContainsKey(buffer.Slot))
        {
            return false;
        }

        _stream.OfferTo(BufferLedger.Grant(buffer, _importers[to], writable: false));
        return true;
    }

    public bool Queue(int i)
    {
        if (_buffers[i] is not { Phase: BufferPhase.Live } buffer)
        {
            return false;
        }

        bool moved = Attempt(buffer.State == BufferState.Dequeued, () => _stream.Queue(buffer, Bytes, isLast: false));
        _queued += moved ? 1 : 0;
        return moved;
    }

    public bool Dequeue()
    {
        if (!_stream.IsOn || !_stream.TryTakeDone("model", _stream.Number, out CompletedBuffer completed))
        {
            return false;
        }

        Must.Hold(completed.Sequence <= _queued && _back.Add(completed.Sequence), "a frame came back twice, or was never queued");
        Must.Hold(!completed.IsSkipped || !_sent.Any(sent => sent.Sequence == completed.Sequence), "a frame that somebody has got came back as skipped");
        return true;
    }

    public bool Start()
    {
        bool was = _stream.IsOn;
        if (!was)
        {
            _stream.Start();
        }

        return !was;
    }

    public bool Stop()
    {
        _stream.Stop(_ledger.Live.All);
        return true;
    }

    public bool Pin(int i)
    {
        if (_buffers[i] is not { Phase: BufferPhase.Live, Pins: 0 } buffer)
        {
            return false;
        }

        BufferLedger.Pin(buffer);
        return true;
    }

    public bool Unpin(int i)
    {
        if (_buffers[i] is not { Pins: 1 } buffer)
        {
            return false;
        }

        Must.Hold(BufferLedger.Unpin(buffer) == (buffer.Phase != BufferPhase.Live), "the last pin of a released buffer");
        return true;
    }

    public bool Release(int i)
    {
        if (_buffers[i] is not { } buffer)
        {
            return false;
        }

        if (buffer.Phase == BufferPhase.Live)
        {
            _stream.Withdraw(buffer);
        }

        return Attempt(buffer.Phase == BufferPhase.Live, () => _ledger.Release(buffer, 0));
    }

    /// <summary>
    /// An importer says that it is done with the frame that a buffer has, or had last: true or not, now or once more.
    /// </summary>
    public bool Acknowledge(int i, int by)
    {
        BufferPeer importer = _importers[by];
        if (_buffers[i] is not { Sequence: not 0 } buffer || importer.IsGone)
        {
            return false;
        }

        string before = Key();
        long counted = _stream.Acknowledgements;
        SharingMessage message = new() { Sequence = buffer.Sequence };
        Must.Hold(_stream.TryAcknowledge(importer.Claims.GetValueOrDefault(buffer.Slot), in message), "no misuse");
        if (_stream.Acknowledgements == counted)
        {
            Must.Hold(Key() == before, "an acknowledgement that does not count has changed something");
            return false;
        }

        Must.Hold(_sent.Contains((importer, buffer.Sequence)), "an acknowledgement of what was never sent counts");
        Must.Hold(_acknowledged.Add((importer, buffer.Sequence)), "an acknowledgement counts twice");
        return true;
    }

    public bool LetGo(int i, int by)
    {
        if (_buffers[i] is not { } buffer || !_importers[by].Claims.TryGetValue(buffer.Slot, out Claim? claim))
        {
            return false;
        }

        _stream.Drop(claim);
        return true;
    }

    public bool Disconnect(int which)
    {
        BufferPeer importer = _importers[which];
        if (importer.IsGone)
        {
            return false;
        }

        _peers.Remove(importer, ImporterEnd.Left);
        foreach (Claim claim in importer.Claims.Values.ToArray())
        {
            _stream.Drop(claim);
        }

        return true;
    }

    /// <summary>An importer's socket is full, or has been read.</summary>
    public bool TurnRoom(int which)
    {
        _hasRoom[which] = !_hasRoom[which];
        return true;
    }

    public bool ServeWaiting()
    {
        _stream.ServeWaiting();
        return true;
    }

    public bool BeginRevoking(int i)
        => _buffers[i] is { } buffer
            && Attempt(buffer.Phase is BufferPhase.Orphaned or BufferPhase.Revoked && buffer.Pins == 0, () => BufferLedger.BeginRevoking(buffer));

    public bool EndRevoking(int i)
        => _buffers[i] is { } buffer && Attempt(buffer.Phase == BufferPhase.Revoking, () => _ledger.EndRevoking(buffer));

    public bool PutBack(int i)
        => _buffers[i] is { } buffer && Attempt(buffer.Phase is BufferPhase.Revoking or BufferPhase.Closing, () => BufferLedger.PutBack(buffer, 0));

    public bool BeginClosing(int i)
    {
        if (_buffers[i] is not { } buffer
            || !Attempt(buffer.Phase is BufferPhase.Orphaned or BufferPhase.Revoked && buffer.Pins == 0, () => BufferLedger.BeginClosing(buffer)))
        {
            return false;
        }

        foreach (Claim claim in buffer.Claims.ToArray())
        {
            _stream.Drop(claim);
        }

        return true;
    }

    public bool EndClosing(int i)
    {
        if (_buffers[i] is not { } buffer || !Attempt(buffer.Phase == BufferPhase.Closing, () => _ledger.EndClosing(buffer, 0)))
        {
            return false;
        }

        Must.Be(buffer.Pins + buffer.Claims.Count, 0);
        Must.Hold(buffer.Phase == BufferPhase.Reclaimed, "a closed buffer is reclaimed");
        _buffers[i] = null;
        return true;
    }

    /// <summary>What must hold between any two moves.</summary>
    public void Check()
    {
        SharedBuffer[] all = [.. _buffers.OfType<SharedBuffer>()];
        foreach (SharedBuffer buffer in all)
        {
            bool isLive = buffer.Phase == BufferPhase.Live;
            Must.Be(_ledger.Live.All.Count(other => other == buffer), isLive ? 1 : 0, "places in the table of live ones");
            Must.Be(_ledger.Released.Count(other => other == buffer), isLive ? 0 : 1, "places in the list of released ones");
            Must.Be(_stream.Done.Count(other => other == buffer), buffer.State is BufferState.Done or BufferState.Error ? 1 : 0, "places among what came back");
            Must.Be(
                _stream.Unclaimed.Count(other => other == buffer), buffer is { State: BufferState.Queued, Pending: 0 } ? 1 : 0, "places among what is nobody's");
            Must.Be(buffer.Claims.Count(claim => claim.Pending != 0), buffer.Pending, "pending claims");
            Must.Hold(buffer.Claims.TrueForAll(claim => claim.Pending == 0 || claim.Pending == buffer.Sequence), "a claim is pending for another frame");
            Must.Hold(buffer.Pending == 0 || buffer.State is BufferState.Queued or BufferState.Active, "who has a frame that is none");
            Must.Hold(buffer.Pending != 0 || buffer.State != BufferState.Active, "an active frame is nobody's");
            Must.Hold(isLive || buffer.State == BufferState.Dequeued, "a released buffer is a frame");
            Must.Hold(buffer.Pins == 0 || buffer.Phase is BufferPhase.Live or BufferPhase.Orphaned, "pages are taken from under a pin");
            Must.Hold(all.Count(other => other.Slot == buffer.Slot) == 1, "two buffers in one slot");
        }

        foreach (BufferPeer importer in _importers)
        {
            Claim[] claims = [.. importer.Claims.Values];
            Must.Be(all.Sum(buffer => buffer.Claims.Count(claim => claim.Peer == importer)), claims.Length, "claims in buffers' lists");
            Must.Hold(claims.All(claim => claim.Buffer.Claims.Contains(claim)), "a claim that its buffer does not know");
            Must.Be(importer.ClaimedBytes, claims.Sum(claim => claim.Buffer.Bytes), "claimed bytes");
            Must.Be(importer.Unread, claims.Count(claim => claim.IsUnread), "exports that are not read");
            Must.Be(importer.Frames, claims.Count(claim => claim.Pending != 0 && !claim.IsInLine), "frames of an importer");
            Must.Hold(importer.Frames <= importer.FrameRoom, "more frames than there is room for");
            Must.Hold(importer.Line.ToHashSet().SetEquals(claims.Where(claim => claim.IsInLine)), "the line");
            Must.Hold(importer.Line.Select(claim => claim.Pending).Order().SequenceEqual(importer.Line.Select(claim => claim.Pending)), "the line's order");
            Must.Hold(!importer.IsGone || claims.Length == 0, "an importer that is gone has claims");
        }

        QuotaBook quotas = _ledger.Quotas;
        SharedBuffer[] released = [.. all.Where(buffer => buffer.Phase != BufferPhase.Live)];
        Must.Be(quotas.LiveBuffers, all.Length - released.Length);
        Must.Be(quotas.LiveBytes, (all.Length - released.Length) * Bytes);
        Must.Be(_ledger.MadeBytes, quotas.LiveBytes);
        Must.Be(quotas.OrphanedBuffers, released.Count(buffer => buffer.HasPages));
        Must.Be(quotas.OrphanedBytes, released.Count(buffer => buffer.HasPages) * Bytes);
        Must.Be(quotas.RevokedBuffers, released.Count(buffer => !buffer.HasPages));
    }

    /// <summary>
    /// The state as text, the same for states from which the same can happen: numbers of frames count by their order
    /// only.
    /// </summary>
    public string Key()
    {
        List<long> numbers = [.. _buffers.Select(buffer => Number(buffer)), .. _lastSeen, _queued, _sent.Select(sent => sent.Sequence).DefaultIfEmpty().Max()];
        long[] order = [.. numbers.Distinct().Order()];
        var key = new StringBuilder();
        key.Append(_stream.IsOn).AppendJoin(',', numbers.Select(number => Array.BinarySearch(order, number)));
        foreach (SharedBuffer? buffer in _buffers)
        {
            key.Append('|');
            if (buffer is not null)
            {
                key.Append((int)buffer.Phase).Append((int)buffer.State).Append(buffer.Pins).Append(buffer.HasPages ? 'p' : '-').Append(buffer.HasFailed ? 'f' : '-');
                foreach (BufferPeer importer in _importers)
                {
                    Claim? claim = buffer.Claims.Find(claim => claim.Peer == importer);
                    key.Append(claim is null ? 'n' : claim.IsInLine ? 'l' : claim.Pending != 0 ? 'h' : 'c');
                    key.Append(_acknowledged.Contains((importer, buffer.Sequence)) ? 'a' : '-');
                }
            }
        }

        for (int i = 0; i < Count; i++)
        {
            BufferPeer importer = _importers[i];
            key.Append('|').Append(importer.IsGone).Append(importer.HasNoRoom).Append(importer.OwedStop is null).Append(_hasRoom[i]);
        }

        return key.Append('|').AppendJoin(',', _stream.Done.Select(Place)).Append('|').AppendJoin(',', _stream.Unclaimed.Select(Place)).ToString();
    }

    private static long Number(SharedBuffer? buffer) => buffer is null || buffer.State == BufferState.Dequeued ? 0 : buffer.Sequence;

    private int Place(SharedBuffer buffer) => Array.IndexOf(_buffers, buffer);

    /// <summary>A move that is not allowed is refused, and changes nothing.</summary>
    private bool Attempt(bool isAllowed, Action move)
    {
        string before = Key();
        try
        {
            move();
        }
        catch (InvalidOperationException refused)
        {
            Must.Hold(!isAllowed, $"refused: {refused.Message}");
            Must.Hold(Key() == before, "a refused move has changed something");
            return false;
        }

        Must.Hold(isAllowed, "a move that is not allowed was made");
        return true;
    }

    private bool Send(BufferPeer importer, ref SharingMessage message)
    {
        int which = Array.IndexOf(_importers, importer);
        if (!_hasRoom[which])
        {
            Marshal.SetLastPInvokeError(LinuxError.TryAgain);
            return false;
        }

        if (message.Kind == MessageKind.Frame)
        {
            Must.Hold(_sent.Add((importer, message.Sequence)), "a frame is sent twice");
            Must.Hold(message.Sequence > _lastSeen[which], "an older frame behind a newer one");
            _lastSeen[which] = message.Sequence;
        }

        return true;
    }
}
