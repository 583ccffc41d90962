// Makes grey pictures and hands them to whoever connects, without copying one. The other half is Consumer.
//
//   dotnet run --project docs/samples/Producer -- frames.sock 100
using MagAlloc.Sharing;

const int Width = 640, Height = 360;
string address = args.Length > 0 ? args[0] : "@frames";
int frames = args.Length > 1 ? int.Parse(args[1]) : 100;
if (!OperatingSystem.IsLinux())
    return 2;

using BufferQueue queue = new(new BufferQueueOptions { Name = "frames", ByteLimit = 16 << 20 });
using BufferListener listener = new(address);
int buffers = queue.Request(4, Width * Height);
Console.WriteLine($"waiting for a consumer at {address}");

BufferPeer? consumer = queue.Accept(listener, TimeSpan.FromSeconds(30));
if (consumer is null)
    return 1;
for (int i = 0; i < buffers; i++)
    queue.Export(i, consumer);
queue.StreamOn();

Queue<int> free = new(Enumerable.Range(0, buffers));
for (int made = 0, back = 0; back < frames;)
{
    while (made < frames && free.TryDequeue(out int index))
    {
        Span<byte> picture = queue.GetSpan(index, 0, Width * Height);
        for (int y = 0; y < Height; y++)
            picture.Slice(y * Width, Width).Fill((byte)(made + y));
        made++;
        queue.Queue(index, picture.Length, isLast: made == frames);
    }

    // A consumer that dies or hangs (for five seconds, by default) comes back as frames with an error.
    if (!queue.TryDequeue(out CompletedBuffer completed, TimeSpan.FromSeconds(10)) || completed.IsError)
        break;
    back++;
    free.Enqueue(completed.Index);
}

queue.StreamOff();
ReleaseResult released = queue.Release(ReleaseMode.Revoke, deadline: TimeSpan.FromSeconds(1));
queue.WaitForReclaim(TimeSpan.FromSeconds(2));
BufferQueueStatistics books = queue.GetStatistics();
Console.WriteLine($"handed over {books.HandOvers}, acknowledged {books.Acknowledgements}; still held {released.Orphaned}, not back {books.OrphanedBytes} bytes");
return books.Acknowledgements == frames ? 0 : 1;
