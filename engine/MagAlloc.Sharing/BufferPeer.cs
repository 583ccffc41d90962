using System.Runtime.Versioning;
using MagAlloc.Sharing.Platform;

namespace MagAlloc.Sharing;

/// <summary>A connected importer, as the owner of a <see cref="BufferQueue"/> sees it.</summary>
/// <remarks>All members may be used from any thread. Which process it is the kernel says, not the importer.</remarks>
[SupportedOSPlatform("linux")]
public sealed class BufferPeer
{
    private readonly QueueCore _core;

    internal BufferPeer(QueueCore core, FileDescriptor socket, FileDescriptor? process, int processId, long userId, bool acceptsRevocable)
    {
        _core = core;
        Socket = socket;
        Process = process;
        ProcessId = processId;
        UserId = userId;
        AcceptsRevocable = acceptsRevocable;
    }

    /// <summary>The process that connected.</summary>
    public int ProcessId { get; }

    /// <summary>Its user then.</summary>
    public long UserId { get; }

    /// <summary>It announced that <see cref="BufferProfile.Revocable"/> buffers are welcome.</summary>
    public bool AcceptsRevocable { get; }

    /// <summary>False once it has disconnected, died, or was disconnected. It never becomes true again: a new connection is a new peer.</summary>
    public bool IsConnected => Reason == ImporterEnd.None;

    /// <summary>Why it is not connected any more; <see cref="ImporterEnd.None"/> while it is.</summary>
    public ImporterEnd Reason => _core.EndOf(this);

    /// <summary>Buffers that it holds, as far as it says; released ones included.</summary>
    public int HeldBuffers => _core.HoldingsOf(this).Buffers;

    /// <summary>Their bytes.</summary>
    public long HeldBytes => _core.HoldingsOf(this).Bytes;

    /// <summary>
    /// Frames that were handed to it and that it has not acknowledged. One that hangs holds the stream up by these, until <see cref="BufferQueueOptions.AcknowledgeTimeout"/>.
    /// </summary>
    public int UnacknowledgedFrames => _core.UnacknowledgedOf(this);

    internal FileDescriptor Socket { get; }

    /// <summary>Null where the system has no such thing; then only the socket tells of a death.</summary>
    internal FileDescriptor? Process { get; }

    /// <summary>By slot. Guarded by the queue's lock, as all that follows.</summary>
    internal Dictionary<int, Claim> Claims { get; } = [];

    internal long ClaimedBytes { get; set; }

    internal int Unread { get; set; }

    /// <summary>Frames that it has and has not acknowledged.</summary>
    internal int Frames { get; set; }

    /// <summary>Frames that it is promised and has not got, by their numbers.</summary>
    internal Queue<Claim> Line { get; } = [];

    /// <summary>When it is disconnected unless it acknowledges a frame before; <see cref="long.MaxValue"/>: never.</summary>
    internal long DueAt { get; set; } = long.MaxValue;

    /// <summary>How many of them its socket has room for, whenever it reads.</summary>
    internal int FrameRoom { get; set; }

    /// <summary>
    /// Messages that it may still send: two for each export, one for each frame, and some for what is said twice by mistake. So it cannot keep the owner busy
    /// with nothing.
    /// </summary>
    internal long MessagesLeft { get; set; } = 64;

    /// <summary>Its socket is full, of what it was sent before the stream was started anew, too: the caretaker tries again.</summary>
    internal bool HasNoRoom { get; set; }

    /// <summary>The last frame of the stopped stream whose end it is still to be told.</summary>
    internal long? OwedStop { get; set; }

    internal ImporterEnd End { get; set; }

    internal bool IsGone => End != ImporterEnd.None;

    /// <summary>It did not read what was sent to it until its socket was full, or was found gone then: to be disconnected.</summary>
    internal bool IsStuck { get; set; }

    /// <summary>Which of the two.</summary>
    internal ImporterEnd StuckEnd { get; set; }

    /// <summary>Who reads from the socket holds it, so that messages are applied in the order in which they came.</summary>
    internal Lock Receiving { get; } = new();

    /// <summary>
    /// Ends the connection. Its claims are void, frames that it has not acknowledged come back as errors; what it still holds of buffers it keeps
    /// holding until they are revoked.
    /// </summary>
    /// <exception cref="InvalidOperationException">Inside an event listener.</exception>
    public void Disconnect() => _core.Disconnect(this);

    /// <summary>Ends the process: the last resort against one that does not let go. No other process can be hit.</summary>
    /// <returns>False when the system refused, or cannot.</returns>
    public bool TryKill() => _core.TryKill(this);

    /// <summary>A frame is no more promised to it: it is gone already, or has let go of a buffer while it had no room.</summary>
    internal void LeaveLine(Claim claim)
    {
        for (int left = Line.Count; left > 0; left--)
        {
            Claim other = Line.Dequeue();
            if (other != claim)
            {
                Line.Enqueue(other);
            }
        }
    }

    /// <inheritdoc/>
    public override string ToString() => $"importer {ProcessId}";
}
