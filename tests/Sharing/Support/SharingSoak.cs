using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace MagAlloc.Tests.Sharing.Support;

/// <summary>
/// An owner that streams while somebody else makes, exports, removes and revokes its buffers, and importers that come, read, let go and leave as they like. What is in
/// a frame is checked wherever its reader may rely on it.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed unsafe class SharingSoak(Shared shared, int seed, TimeSpan time)
{
    private const int Words = 512;

    private readonly ConcurrentDictionary<BufferPeer, bool> _peers = new();
    private readonly DateTime _end = DateTime.UtcNow + time;

    private readonly Lock _removing = new();
    private readonly Lock _takingBack = new();

    // By number, modulo: how often frames had been taken from importers when it was filled.
    private readonly long[] _stopsOf = new long[1 << 16];

    // Moves before and after anything by which a frame that an importer reads becomes the owner's again; odd in between.
    private long _stops;
    private long _frames;
    private long _checkedFrames;

    public long Frames => Interlocked.Read(ref _frames);

    public long CheckedFrames => Interlocked.Read(ref _checkedFrames);

    /// <summary>The time has passed, and something has happened; or nothing does.</summary>
    public bool IsOver => DateTime.UtcNow >= _end && ((Frames > 0 && CheckedFrames > 0) || DateTime.UtcNow >= _end + Shared.Soon);

    /// <summary>Takes whoever connects.</summary>
    public void Accept()
    {
        while (!IsOver)
        {
            try
            {
                if (shared.Queue.Accept(shared.Listener, TimeSpan.FromMilliseconds(20)) is { } peer)
                {
                    _peers[peer] = true;
                }
            }
            catch (BufferException e) when (e.Error == BufferError.Ended)
            {
                // It had left again.
            }
        }
    }

    /// <summary>Fills, queues and dequeues. The only one to do so.</summary>
    public void Stream()
    {
        Random random = new(seed);
        long last = 0;
        while (!IsOver)
        {
            try
            {
                shared.Queue.StreamOn();
                int index = random.Next(8);
                if (shared.Queue.Query(index).State == BufferState.Dequeued)
                {
                    // Pinned: it may be removed meanwhile, and another one have its index.
                    Memory<byte> memory = shared.Queue.GetMemory(index);
                    using System.Buffers.MemoryHandle pin = memory.Pin();
                    Interlocked.Exchange(ref _stopsOf[(last + 1) % _stopsOf.Length], Interlocked.Read(ref _stops));
                    new Span<long>(pin.Pointer, Words).Fill(last + 1);
                    lock (_removing)
                    {
                        _ = memory.Span;
                        long sequence = shared.Queue.Queue(index, Words * sizeof(long));
                        Assert.That(sequence, Is.EqualTo(last + 1));
                        last = sequence;
                    }
                }

                if (shared.Queue.TryDequeue(out CompletedBuffer completed, TimeSpan.FromMilliseconds(random.Next(3))))
                {
                    Assert.That(completed.Sequence, Is.InRange(1, last));
                    Interlocked.Increment(ref _frames);
                }
            }
            catch (BufferException e) when (e.Error == BufferError.Invalid)
            {
                // No such buffer, or the stream was stopped.
            }
            catch (BufferException e) when (e.Error == BufferError.QueueFailed)
            {
                TakingBack(shared.Queue.StreamOff);
            }
            catch (ObjectDisposedException)
            {
                // Removed before it was pinned.
            }
        }
    }

    /// <summary>Makes, exports, removes and revokes.</summary>
    public void Manage()
    {
        Random random = new(seed + 1);
        while (!IsOver)
        {
            try
            {
                BufferPeer? peer = _peers.Keys.ElementAtOrDefault(random.Next(4));
                switch (random.Next(12))
                {
                    case 0 or 1:
                        shared.Queue.Create(random.Next(1, 4), Words * sizeof(long));
                        break;
                    case 2:
                        lock (_removing)
                        {
                            shared.Queue.Remove(random.Next(8), random.Next(1, 3));
                        }

                        break;
                    case 3 when random.Next(4) == 0:
                        shared.Queue.RevokeOrphans();
                        break;
                    case 4 when random.Next(30) == 0:
                        TakingBack(shared.Queue.StreamOff);
                        break;
                    case 5 when random.Next(30) == 0:
                        shared.Queue.Abort();
                        break;
                    case 6 when random.Next(30) == 0 && peer is not null:
                        TakingBack(peer.Disconnect);
                        break;
                    case 7:
                        BufferQueueStatistics books = shared.Queue.GetStatistics();
                        Assert.That((books.LiveBuffers is >= 0 and <= 8, books.LiveBytes >= 0, books.OrphanedBytes >= 0), Is.EqualTo((true, true, true)));
                        break;
                    default:
                        if (peer is not null)
                        {
                            _ = peer.IsConnected || _peers.TryRemove(peer, out _);
                            shared.Queue.Export(random.Next(8), peer);
                        }

                        break;
                }
            }
            catch (BufferException e) when (e.Error is BufferError.Invalid or BufferError.Busy or BufferError.NoBuffers or BufferError.QuotaExceeded or BufferError.Ended)
            {
                // As it must be, now and then.
            }
        }
    }

    /// <summary>Comes, reads, lets go, leaves, again and again.</summary>
    public void Import(int number)
    {
        Random random = new(seed + 2 + number);
        while (!IsOver)
        {
            try
            {
                using BufferImporter importer = BufferImporter.Connect(shared.Address);
                for (int left = random.Next(400); left > 0 && importer.IsConnected && !IsOver; left--)
                {
                    if (importer.TryReceive(out BufferFrame frame, TimeSpan.FromMilliseconds(2)))
                    {
                        Check(frame);
                        importer.Acknowledge(frame);
                    }

                    if (random.Next(20) == 0 && importer.Imports is { Count: > 0 } imports)
                    {
                        imports[random.Next(imports.Count)].Dispose();
                    }
                }
            }
            catch (BufferException e) when (e.Error is BufferError.Ended or BufferError.TryAgain)
            {
                // Nobody accepts any more.
            }
        }
    }

    private void TakingBack(Action action)
    {
        lock (_takingBack)
        {
            Interlocked.Increment(ref _stops);
            action();
            Interlocked.Increment(ref _stops);
        }
    }

    private void Check(in BufferFrame frame)
    {
        try
        {
            long[] copy = MemoryMarshal.Cast<byte, long>(frame.Span).ToArray();
            long stops = Interlocked.Read(ref _stopsOf[frame.Sequence % _stopsOf.Length]);
            if (frame.Buffer.IsRevoked || stops % 2 != 0 || stops != Interlocked.Read(ref _stops))
            {
                return;
            }

            Assert.That(copy, Is.All.EqualTo(frame.Sequence), "torn, or another frame's contents");
            Interlocked.Increment(ref _checkedFrames);
        }
        catch (BufferException e) when (e.Error == BufferError.Revoked)
        {
            // Taken back before it was looked at.
        }
    }
}
