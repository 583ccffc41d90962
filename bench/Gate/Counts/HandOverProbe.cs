using System.Runtime.Versioning;

namespace MagAlloc.Bench.Gate.Counts;

/// <summary>
/// Managed bytes of a frame's way from an owner to an importer and back, and of a guarded copy out of a buffer. Both sides are on this thread: nothing has to be
/// waited for, and whatever either of them allocates is counted.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class HandOverProbe : IGateProbe
{
    private const int Operations = 20_000;
    private const int Buffers = 4;
    private const int Length = 64 << 10;
    private const int Copied = 4096;
    private const string HandOver = "managed-bytes-hand-over";
    private const string GuardedCopy = "managed-bytes-guarded-copy";

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    public IReadOnlyList<GateEntry> Entries { get; } =
    [
        new(HandOver, EntryKind.Law, "managed bytes per operation"),
        new(GuardedCopy, EntryKind.Law, "managed bytes per operation"),
    ];

    public IEnumerable<Reading> Measure()
    {
        using BufferListener listener = new($"@magalloc-gate-{Environment.ProcessId}");
        using BufferQueue queue = new(new BufferQueueOptions { Name = "gate", TrustImporters = true });
        Task<BufferImporter> connecting = Task.Run(() => BufferImporter.Connect(listener.Address));
        BufferPeer peer = queue.Accept(listener, s_patience) ?? throw new InvalidOperationException("the importer did not come");
        using BufferImporter importer = connecting.GetAwaiter().GetResult();
        queue.Request(Buffers, Length);
        List<BufferImport> imports = [];
        for (int i = 0; i < Buffers; i++)
        {
            queue.Export(i, peer);
            if (importer.TryImport(out BufferImport? import, s_patience))
                imports.Add(import);
        }

        queue.StreamOn();
        yield return new Reading(HandOver, (double)ManagedBytesProbe.LeastBytes(() => GoRound(queue, importer)) / Operations, Operations);

        byte[] copy = new byte[Copied];
        yield return new Reading(GuardedCopy, (double)ManagedBytesProbe.LeastBytes(() => Read(imports, copy)) / Operations, Operations);
    }

    private static void GoRound(BufferQueue queue, BufferImporter importer)
    {
        for (int i = 0; i < Operations; i++)
        {
            queue.Queue(i % Buffers);
            if (!importer.TryReceive(out BufferFrame frame, s_patience))
                throw new InvalidOperationException("a frame did not come");
            importer.Acknowledge(in frame);
            if (!queue.TryDequeue(out _, s_patience))
                throw new InvalidOperationException("a frame did not come back");
        }
    }

    private static void Read(List<BufferImport> imports, byte[] copy)
    {
        for (int i = 0; i < Operations; i++)
        {
            if (!imports[i % Buffers].TryRead(0, copy))
                throw new InvalidOperationException("a buffer could not be read");
        }
    }
}
