using System.Runtime.Versioning;

namespace MagAlloc.Tests.Sharing.Support;

/// <summary>Does one thing after the other to a queue and its importers, and to a model of them, and compares what is seen.</summary>
/// <remarks>
/// <para>The model: a frame is promised to all who have its buffer when it is due; each importer is given what it is promised by number, as far as it has room. A frame that
/// nobody has or is promised waits; it is skipped when a newer one was given to anybody. Who gets such a buffer is promised the frame if it is the newest of all,
/// and else it is skipped. A frame is back when all are done with it: as an error if one of them was lost.</para>
/// <para>Each deed is over, at the owner too, before the next one begins, so the model is exact.</para>
/// </remarks>
[SupportedOSPlatform("linux")]
internal sealed class StreamModel(Shared shared, Random random)
{
    private const int MostImporters = 4;
    private const int LogLines = 60;

    private readonly BufferQueue _queue = shared.Queue;
    private readonly List<Party> _parties = [];
    private readonly List<Frame> _frames = [];
    private readonly Queue<string> _log = new();
    private int _buffers;
    private int _joined;
    private bool _isOn;
    private long _newest;
    private long _newestOut;
    private long _given;
    private long _acknowledged;
    private long _late;
    private long _skipped;

    public string Log => string.Join(Environment.NewLine, _log);

    public void Step()
    {
        int deed = random.Next(100);
        switch (deed)
        {
            case < 3:
                ChangeFormat();
                break;
            case < 7 when _parties.Count < MostImporters:
                Join();
                break;
            case < 9 when _parties.Count != 0:
                Leave(OneOf(_parties));
                break;
            case < 22 when _parties.Count != 0 && _buffers != 0:
                Export(OneOf(_parties), random.Next(_buffers));
                break;
            case < 24 when _parties.Count != 0:
                LetGo(OneOf(_parties));
                break;
            case < 26 when _isOn:
                StreamOff();
                break;
            case < 36 when !_isOn && _buffers != 0:
                StreamOn();
                break;
            case < 56 when _buffers != 0:
                Queue(random.Next(_buffers));
                break;
            case < 72 when _parties.Count != 0:
                Receive(OneOf(_parties));
                break;
            case < 86 when _parties.Count != 0:
                Acknowledge(OneOf(_parties));
                break;
            case >= 86 when _isOn:
                Dequeue();
                break;
        }

        Compare();
    }

    /// <summary>All that was promised is seen, and every buffer comes back.</summary>
    public void End()
    {
        if (_isOn)
        {
            foreach (Party party in _parties)
            {
                while (Receive(party) || Acknowledge(party))
                {
                }
            }

            while (_frames.Exists(frame => frame.State == FrameState.Back))
            {
                Dequeue();
            }

            // Those that wait are nobody's.
            Require(_frames.TrueForAll(frame => frame.State == FrameState.Waiting && frame.Promised.Count == 0), "what was promised is settled");
            StreamOff();
        }

        Compare();
        while (_parties.Count != 0)
        {
            Leave(_parties[0]);
        }

        _queue.Release();
        Require(_queue.WaitForReclaim(Shared.Soon), "all is reclaimed");
        BufferQueueStatistics books = _queue.GetStatistics();
        Require((books.LiveBuffers, books.OrphanedBytes, books.RevokedBuffers, books.Importers) == (0, 0, 0, 0), $"nothing is left: {books}");
        Require((books.Misuses, books.FalseReleases, books.UntrackedExports, books.SilentImporters) == (0, 0, 0, 0), $"nobody misbehaved: {books}");
    }

    private void ChangeFormat()
    {
        if (_isOn)
        {
            StreamOff();
        }

        _frames.Clear();
        _queue.Release();
        _buffers = _queue.Request(random.Next(1, 8), random.Next(1, 4) * Shared.Page);
        Note($"format: {_buffers}");
        _parties.ForEach(party => party.Has.Clear());
    }

    private void Join()
    {
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        peer.FrameRoom = random.Next(1, 5);
        _parties.Add(new Party(++_joined, peer, importer));
        Note($"{_joined} joins with room for {peer.FrameRoom}");
    }

    private void Leave(Party party)
    {
        bool isThrownOut = random.Next(2) == 0;
        Note($"{party.Number} {(isThrownOut ? "is disconnected" : "leaves")}");
        if (isThrownOut)
        {
            party.Peer.Disconnect();
        }
        else
        {
            party.Importer.Dispose();
        }

        Shared.Eventually(() => !party.Peer.IsConnected, "gone");
        party.Importer.Dispose();
        _parties.Remove(party);
        _frames.ForEach(frame => Lose(party, frame));
        Serve();
    }

    private void Export(Party party, int index)
    {
        if (!party.Has.Add(index))
        {
            return;
        }

        Note($"export {index} to {party.Number}");
        _queue.Export(index, party.Peer);
        if (_isOn && _frames.Find(frame => frame.Index == index) is { State: FrameState.Waiting, Promised.Count: 0 } waiting)
        {
            if (waiting.Number == _newest)
            {
                waiting.Promised.Add(party);
            }
            else
            {
                Skip(waiting);
            }
        }

        Serve();
    }

    private void LetGo(Party party)
    {
        BufferImport? import = party.Importer.Imports.FirstOrDefault(one => !one.IsReleased && !one.IsRevoked && party.Has.Contains(one.Index));
        if (import is null)
        {
            return;
        }

        Note($"{party.Number} lets go of {import.Index}");
        int before = _queue.Query(import.Index).Importers;
        import.Dispose();
        Shared.Eventually(() => _queue.Query(import.Index).Importers == before - 1, "let go");
        party.Has.Remove(import.Index);
        _frames.ForEach(frame => _ = frame.Index == import.Index && Lose(party, frame));

        // Frames of it that the importer had not read yet it will not see.
        party.Unread.RemoveAll(frame => frame.Index == import.Index && !frame.IsOver);
        Serve();
    }

    private void StreamOn()
    {
        Note("on");
        _queue.StreamOn();
        _isOn = true;
        foreach (Frame frame in _frames)
        {
            frame.Promised.UnionWith(_parties.Where(party => party.Has.Contains(frame.Index)));
        }

        Serve();
    }

    private void StreamOff()
    {
        Note("off");
        _queue.StreamOff();
        _isOn = false;

        // What lies in an importer's socket it may see still, or not.
        _frames.ForEach(frame => frame.IsOver = true);
        _frames.Clear();
    }

    private void Queue(int index)
    {
        if (_frames.Exists(frame => frame.Index == index))
        {
            Shared.Refused(BufferError.Invalid, () => _queue.Queue(index));
            return;
        }

        long number = _queue.Queue(index);
        Note($"queue {index} as {number}");
        Require(number == ++_newest, $"the number after {_newest - 1} is {number}");
        Frame frame = new(index, number);
        _frames.Add(frame);
        if (_isOn)
        {
            frame.Promised.UnionWith(_parties.Where(party => party.Has.Contains(index)));
            Serve();
        }
    }

    /// <returns>False when there was nothing, and was to be nothing.</returns>
    private bool Receive(Party party)
    {
        bool isDue = party.Unread.Exists(frame => !frame.IsOver);
        bool received = party.Importer.TryReceive(out BufferFrame seen, isDue ? Shared.Soon : default);
        Note($"{party.Number} receives {(received ? seen.Sequence : 0)}");
        Require(received || !isDue, $"{party.Number} does not see {party.Unread.Find(frame => !frame.IsOver)}");
        if (received)
        {
            int place = party.Unread.FindIndex(frame => (frame.Number, frame.Index) == (seen.Sequence, seen.Buffer.Index));
            Require(place >= 0, $"{party.Number} sees {seen.Sequence}, which is not for it");
            Require(party.Unread.Take(place).All(frame => frame.IsOver), $"{party.Number} sees {seen.Sequence}, and not {party.Unread[0]} before it");
            Require(seen.Sequence > party.Last, $"{party.Number} sees {seen.Sequence} behind {party.Last}");
            party.Last = seen.Sequence;
            party.Unread.RemoveRange(0, place + 1);
            party.InHand.Add(seen);
        }
        else
        {
            party.Unread.Clear();
        }

        return received;
    }

    private bool Acknowledge(Party party)
    {
        if (party.InHand.Count == 0)
        {
            return false;
        }

        BufferFrame seen = OneOf(party.InHand);
        party.InHand.Remove(seen);
        party.Importer.Acknowledge(seen);
        Frame? frame = _frames.Find(one => one.Number == seen.Sequence && one.Given.Contains(party));
        Note($"{party.Number} acknowledges {seen.Sequence}{(frame is null ? " too late" : string.Empty)}");
        if (frame is null)
        {
            _late++;
        }
        else
        {
            _acknowledged++;
            frame.Given.Remove(party);
        }

        // Told, and heard.
        Shared.Eventually(
            () => _queue.GetStatistics() is { } books && (books.Acknowledgements, books.StaleAcknowledgements) == (_acknowledged, _late), "heard");
        Serve();
        return true;
    }

    private void Dequeue()
    {
        bool isDue = _frames.Exists(frame => frame.State == FrameState.Back);
        bool dequeued = _queue.TryDequeue(out CompletedBuffer back, isDue ? Shared.Soon : default);
        Note($"dequeue {(dequeued ? $"{back.Sequence}{(back.IsError ? " error" : string.Empty)}{(back.IsSkipped ? " skipped" : string.Empty)}" : "nothing")}");
        Require(dequeued == isDue, $"{(dequeued ? back : "nothing")} comes back");
        if (dequeued)
        {
            Frame? frame = _frames.Find(one => one.Number == back.Sequence);
            Require(
                frame is { State: FrameState.Back } && (back.Index, back.IsError, back.IsSkipped) == (frame.Index, frame.HasLost, frame.IsSkipped),
                $"{back} is not what was to come back: {frame}");
            _frames.Remove(frame!);
        }
    }

    /// <summary>Gives to each what it is promised and has room for, and sends back what is over.</summary>
    private void Serve()
    {
        foreach (Party party in _parties)
        {
            foreach (Frame frame in _frames.Where(frame => frame.Promised.Contains(party)).OrderBy(frame => frame.Number))
            {
                if (_frames.Count(one => one.Given.Contains(party)) >= party.Peer.FrameRoom)
                {
                    break;
                }

                frame.Promised.Remove(party);
                frame.Given.Add(party);
                frame.State = FrameState.Out;
                party.Unread.Add(frame);
                _newestOut = Math.Max(_newestOut, frame.Number);
                _given++;
            }
        }

        foreach (Frame frame in _frames)
        {
            if (frame.Given.Count + frame.Promised.Count == 0)
            {
                frame.HasLost &= frame.State != FrameState.Waiting;
                if (frame.State == FrameState.Out)
                {
                    frame.State = FrameState.Back;
                }
                else if (frame.State == FrameState.Waiting && _isOn && frame.Number < _newestOut)
                {
                    Skip(frame);
                }
            }
        }
    }

    private void Skip(Frame frame)
    {
        frame.State = FrameState.Back;
        frame.IsSkipped = true;
        _skipped++;
    }

    private static bool Lose(Party party, Frame frame)
    {
        bool was = frame.Promised.Remove(party) | frame.Given.Remove(party);
        frame.HasLost |= was;
        return was;
    }

    private void Compare()
    {
        BufferQueueStatistics books = _queue.GetStatistics();
        Require((books.HandOvers, books.SkippedFrames) == (_given, _skipped), $"{_given} given and {_skipped} skipped, but {books}");
        foreach (Party party in _parties)
        {
            Require(party.Peer.UnacknowledgedFrames == _frames.Count(frame => frame.Given.Contains(party)), $"frames of {party.Number}");
        }

        for (int index = 0; index < _buffers; index++)
        {
            Frame? frame = _frames.Find(one => one.Index == index);
            BufferState expected = frame switch
            {
                null => BufferState.Dequeued,
                { State: FrameState.Waiting } => BufferState.Queued,
                { State: FrameState.Out } => BufferState.Active,
                { HasLost: true } => BufferState.Error,
                _ => BufferState.Done,
            };
            Require(_queue.Query(index).State == expected, $"buffer {index} is {_queue.Query(index).State}, not {expected}: {frame}");
        }
    }

    private T OneOf<T>(List<T> list) => list[random.Next(list.Count)];

    private void Note(string what)
    {
        _log.Enqueue(what);
        if (_log.Count > LogLines)
        {
            _log.Dequeue();
        }
    }

    private static void Require(bool isSo, string what)
    {
        if (!isSo)
        {
            throw new InvalidOperationException(what);
        }
    }

    private enum FrameState
    {
        Waiting,
        Out,
        Back,
    }

    private sealed class Party(int number, BufferPeer peer, BufferImporter importer)
    {
        public int Number => number;

        public BufferPeer Peer => peer;

        public BufferImporter Importer => importer;

        public HashSet<int> Has { get; } = [];

        public List<Frame> Unread { get; } = [];

        public List<BufferFrame> InHand { get; } = [];

        public long Last { get; set; }
    }

    private sealed class Frame(int index, long number)
    {
        public int Index => index;

        public long Number => number;

        public FrameState State { get; set; }

        public bool HasLost { get; set; }

        public bool IsSkipped { get; set; }

        /// <summary>It was taken back with the stream.</summary>
        public bool IsOver { get; set; }

        /// <summary>Who is to get it.</summary>
        public HashSet<Party> Promised { get; } = [];

        /// <summary>Who has it.</summary>
        public HashSet<Party> Given { get; } = [];

        public override string ToString() => $"frame {Number} of buffer {Index}: {State}, lost {HasLost}, skipped {IsSkipped}";
    }
}
