using System.Runtime.Versioning;
using MagAlloc.Concurrency;
using MagAlloc.Platform;
using MagAlloc.Sharing.Platform;

namespace MagAlloc.Sharing;

/// <summary>
/// A queue's importers, and the way to them. Guarded by the queue's lock, except where a member says otherwise.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class PeerTable(QueueBells bells, FaultPlan? faults)
{
    private readonly List<BufferPeer> _peers = [];

    // The same for readers without the lock; replaced, never changed.
    private BufferPeer[]? _peersNow = [];
    private bool _hasStuck;

    public int Count => _peers.Count;

    public IReadOnlyList<BufferPeer> All => _peers;

    /// <summary>Importers as they are just now. Without the lock.</summary>
    public BufferPeer[] Now => Atomic.Load(ref _peersNow)!;

    /// <summary>Importers that were disconnected for having frames and acknowledging none.</summary>
    public long Silent { get; private set; }

    /// <summary>Messages that no importer may send.</summary>
    public long Misuses { get; private set; }

    /// <summary>Some importer could not be sent to. A look without the lock.</summary>
    public bool HasStuck => _hasStuck;

    /// <summary>How a message gets to an importer; false: it does not, and why is the thread's last error.</summary>
    internal SendMessage Road { get; init; } = static (peer, ref message) => MessageSocket.TrySend(peer.Socket, SharingMessage.BytesOf(ref message));

    public void NoteMisuse() => Misuses++;

    public void Add(BufferPeer peer)
    {
        _peers.Add(peer);
        Atomic.Exchange(ref _peersNow, [.. _peers]);
    }

    /// <summary>An importer is gone; its claims are to be dropped.</summary>
    public void Remove(BufferPeer peer, ImporterEnd end)
    {
        peer.End = end;
        peer.DueAt = long.MaxValue;
        peer.Line.Clear();
        Silent += end == ImporterEnd.Silent ? 1 : 0;
        _peers.Remove(peer);
        Atomic.Exchange(ref _peersNow, [.. _peers]);
    }

    /// <summary>Sends a message to an importer.</summary>
    /// <returns>False when its socket is full, or gone.</returns>
    public bool TrySend(BufferPeer peer, ref SharingMessage message)
        => !peer.IsGone && !FileSteps.Fails(faults, FaultPoint.Message) && Road(peer, ref message);

    /// <summary>It could not be sent to: the caretaker disconnects it, or whoever comes first.</summary>
    public void MarkStuck(BufferPeer peer, int error)
    {
        peer.IsStuck = true;
        peer.StuckEnd = error is LinuxError.BrokenPipe or LinuxError.ConnectionReset ? ImporterEnd.Left : ImporterEnd.Unread;
        _hasStuck = true;
        bells.RingCaretaker();
    }

    /// <returns>Importers that were found stuck.</returns>
    public BufferPeer[] TakeStuck()
    {
        _hasStuck = false;
        return [.. _peers.Where(peer => peer.IsStuck)];
    }
}
