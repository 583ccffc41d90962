using System.Diagnostics;
using System.Runtime.Versioning;

namespace MagAlloc.Stress.Sharing;

/// <summary>The owner's stream: fills frames, hands them over, and looks at what comes back.</summary>
/// <remarks>
/// Most buffers go to all importers for reading. Some go to one at a time, for writing: what it made of the frame is verified here.
/// </remarks>
[SupportedOSPlatform("linux")]
internal sealed class FrameLoop
{
    private static readonly TimeSpan s_wait = TimeSpan.FromMilliseconds(50);

    private readonly ShareContext _context;
    private readonly BufferQueue _queue;
    private readonly Stack<int> _free = new();
    private readonly HashSet<int> _returning = [];
    private long _last;
    private long _longestPause;

    /// <summary>The longest time in which no frame came back.</summary>
    public TimeSpan LongestPause => TimeSpan.FromTicks(Interlocked.Read(ref _longestPause));

    public FrameLoop(ShareContext context)
    {
        _context = context;
        _queue = context.Queue;
        int all = context.Options.StreamBuffers;
        int returning = Math.Max(1, all / 3);
        int revocable = Math.Max(1, all / 6);
        Add(all - returning - revocable, BufferProfile.Stable, returns: false);
        Add(revocable, BufferProfile.Revocable, returns: false);
        Add(returning, BufferProfile.Stable, returns: true);
    }

    /// <summary>Gives a new importer what all get, and a buffer to write to, if one has nobody.</summary>
    public void Welcome(ImporterProcess importer)
    {
        BufferPeer peer = importer.Peer!;
        try
        {
            for (int index = 0; index < _context.Options.StreamBuffers; index++)
            {
                if (!_returning.Contains(index))
                    _queue.Export(index, peer);
            }

            foreach (int index in _returning)
            {
                if (_queue.Query(index).Importers == 0)
                {
                    _queue.Export(index, peer, BufferAccess.ReadWrite);
                    break;
                }
            }

            importer.Welcomed();
        }
        catch (BufferException e) when (e.Error == BufferError.Ended)
        {
            // Killed meanwhile.
        }
    }

    public void Run()
    {
        _queue.StreamOn();
        long last = Stopwatch.GetTimestamp();
        while (!_context.Stopping)
        {
            while (_free.TryPop(out int index))
                HandOver(index);
            bool isBack = _queue.TryDequeue(out CompletedBuffer completed, s_wait);
            if (isBack)
                TakeBack(in completed);
            Interlocked.Exchange(ref _longestPause, Math.Max(_longestPause, Stopwatch.GetElapsedTime(last).Ticks));
            last = isBack ? Stopwatch.GetTimestamp() : last;
        }

        _queue.StreamOff();
    }

    private void Add(int count, BufferProfile profile, bool returns)
    {
        if (count <= 0)
            return;
        BufferRange range = _queue.Create(count, _context.Options.FrameBytes, profile);
        for (int index = range.First; index < range.First + range.Count; index++)
        {
            _free.Push(index);
            if (returns)
                _returning.Add(index);
        }
    }

    private void HandOver(int index)
    {
        // The number is known only when it is queued; nobody else queues, so it is the next one.
        FramePattern.Fill(_queue.GetSpan(index), (ulong)(_last + 1));
        _last = _queue.Queue(index);
    }

    private void TakeBack(in CompletedBuffer completed)
    {
        if (_returning.Contains(completed.Index) && !completed.IsError && !completed.IsSkipped)
        {
            long wrong = FramePattern.FindViolation(_queue.GetReadOnlySpan(completed.Index), ~(ulong)completed.Sequence);
            if (wrong >= 0)
                _context.Corrupted($"frame {completed.Sequence} came back in buffer {completed.Index} with something else at offset {wrong}");
            _context.CountVerified(1);
        }

        _free.Push(completed.Index);
    }
}
