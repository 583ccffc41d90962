using System.Diagnostics.Tracing;
using MagAlloc.Events;
using MagAlloc.Tests.Heap.Support;
using Microsoft.Diagnostics.NETCore.Client;

namespace MagAlloc.Tests.Events;

/// <summary>Events into EventPipe allocate no managed memory. (An <see cref="EventListener"/> boxes for itself, so it cannot tell.)</summary>
[NonParallelizable]
public sealed unsafe class ManagedBytesTests
{
    [Test]
    public void A_session_with_everything_on_costs_no_managed_byte()
    {
        var client = new DiagnosticsClient(Environment.ProcessId);
        var provider = new EventPipeProvider(
            MagAllocEventSource.SourceName,
            EventLevel.Verbose,
            0xFFF,
            new Dictionary<string, string> { [MagAllocEventSource.SampleBytesArgument] = "4096", [MagAllocEventSource.StatisticsMsArgument] = "3600000" });
        using EventPipeSession session = client.StartEventPipeSession([provider], requestRundown: false);
        Task<long> drain = Task.Run(() => Drain(session.EventStream));
        Assert.That(Crew.Eventually(() => MagAllocEventSource.Log.IsEnabled(EventLevel.Verbose, (EventKeywords)0xFFF), TimeSpan.FromSeconds(10)));

        using NativeHeap heap = new(new NativeHeapOptions { Name = "no garbage", Reclaim = ReclaimOptions.Manual });
        nint[] blocks = new nint[2000];
        Work(heap, blocks);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Work(heap, blocks);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        session.Stop();
        long traced = drain.GetAwaiter().GetResult();

        Assert.That(traced, Is.GreaterThan(100_000), "the session got events");
        Assert.That(allocated, Is.Zero);
    }

    private static void Work(NativeHeap heap, nint[] blocks)
    {
        for (int round = 0; round < 20; round++)
        {
            for (int size = 16; size < 8000; size += 700)
            {
                heap.AllocateMany((nuint)size, blocks);
                heap.FreeMany(blocks);
            }

            heap.Tick();
            heap.Trim();
        }
    }

    private static long Drain(Stream stream)
    {
        byte[] buffer = new byte[64 * 1024];
        long bytes = 0;
        for (int read = stream.Read(buffer); read > 0; read = stream.Read(buffer))
        {
            bytes += read;
        }

        return bytes;
    }
}
