using System.Diagnostics;
using System.Runtime.Versioning;
using MagAlloc.Bench.Measurement;

namespace MagAlloc.Bench.Share;

/// <summary>What single steps of sharing cost, with owner and importer in this process: no switch to another one is in the figures.</summary>
[SupportedOSPlatform("linux")]
internal sealed class ShareSteps : IDisposable
{
    private const long Small = 4 << 10;
    private const long Large = 1 << 20;
    private const long Huge = 16 << 20;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    private readonly BufferQueue _queue;
    private readonly BufferListener _listener;
    private readonly BufferImporter _importer;
    private readonly BufferPeer _peer;
    private readonly byte[] _copy = new byte[Large];

    private ShareSteps()
    {
        _queue = new BufferQueue(new BufferQueueOptions { Name = "steps", TrustImporters = true });
        _listener = new BufferListener($"@magalloc-steps-{Environment.ProcessId}");
        Task<BufferImporter> connecting = Task.Run(() => BufferImporter.Connect(_listener.Address, new BufferImporterOptions { AcceptRevocable = true }));
        _peer = _queue.Accept(_listener, s_patience) ?? throw new InvalidOperationException("the importer did not come");
        _importer = connecting.GetAwaiter().GetResult();
    }

    /// <summary>Each step's microseconds: medians over all repetitions.</summary>
    public static IReadOnlyList<(string Step, double Microseconds)> Measure(Pace pace, CancellationToken interruption)
    {
        using ShareSteps steps = new();
        (string, Func<TimeSpan>)[] all =
        [
            ("make and free a buffer of 4 KiB", () => steps.MakeAndFree(Small)),
            ("make and free a buffer of 1 MiB", () => steps.MakeAndFree(Large)),
            ("export, import, let go, 1 MiB", steps.ExportAndLetGo),
            ("ask who holds it, nobody", () => steps.Ask(held: false)),
            ("ask who holds it, an importer", () => steps.Ask(held: true)),
            ("from letting go to reclaimed, 1 MiB", steps.Reclaim),
            ("revoke 16 MiB that are mapped and touched", steps.Revoke),
            ("guarded copy of 4 KiB, stable", () => steps.Copy(BufferProfile.Stable, (int)Small)),
            ("guarded copy of 1 MiB, stable", () => steps.Copy(BufferProfile.Stable, (int)Large)),
            ("guarded copy of 4 KiB, revocable", () => steps.Copy(BufferProfile.Revocable, (int)Small)),
            ("guarded copy of 1 MiB, revocable", () => steps.Copy(BufferProfile.Revocable, (int)Large)),
        ];
        List<(string, double)> measured = [];
        foreach ((string name, Func<TimeSpan> step) in all)
        {
            List<double> times = [];
            long start = Stopwatch.GetTimestamp();
            while (times.Count < 5 || Stopwatch.GetElapsedTime(start) < pace.Round * 5)
            {
                interruption.ThrowIfCancellationRequested();
                times.Add(step().TotalMicroseconds);
            }

            times.Sort();
            measured.Add((name, times[times.Count / 2]));
        }

        return measured;
    }

    public void Dispose()
    {
        _importer.Dispose();
        _queue.Dispose();
        _listener.Dispose();
    }

    private static TimeSpan Time(Action step)
    {
        long start = Stopwatch.GetTimestamp();
        step();
        return Stopwatch.GetElapsedTime(start);
    }

    private TimeSpan MakeAndFree(long bytes) => Time(() =>
    {
        int index = _queue.Create(1, bytes).First;
        _queue.Remove(index, 1);
    });

    private TimeSpan ExportAndLetGo()
    {
        int index = _queue.Create(1, Large).First;
        TimeSpan time = Time(() => Import(index).Dispose());
        _queue.Remove(index, 1);
        Settle();
        return time;
    }

    private TimeSpan Ask(bool held)
    {
        const int Times = 100;
        int index = _queue.Create(1, Small).First;
        BufferImport import = Import(index);
        if (!held)
        {
            import.Dispose();
            SpinWait.SpinUntil(() => !_queue.Query(index).IsHeld, s_patience);
        }

        TimeSpan time = Time(() =>
        {
            for (int i = 0; i < Times; i++)
                _queue.Query(index);
        });
        import.Dispose();
        _queue.Remove(index, 1);
        Settle();
        return time / Times;
    }

    private TimeSpan Reclaim()
    {
        int index = _queue.Create(1, Large).First;
        BufferImport import = Import(index);
        _queue.Remove(index, 1);
        return Time(() =>
        {
            import.Dispose();
            Settle();
        });
    }

    private TimeSpan Revoke()
    {
        int index = _queue.Create(1, Huge).First;
        BufferImport import = Import(index);
        long sum = 0;
        ReadOnlySpan<byte> span = import.GetSpan();
        for (int at = 0; at < span.Length; at += Environment.SystemPageSize)
            sum += span[at];
        GC.KeepAlive(sum);
        _queue.Remove(index, 1);
        TimeSpan time = Time(() => _queue.RevokeOrphans());
        import.Dispose();
        Settle();
        return time;
    }

    private TimeSpan Copy(BufferProfile profile, int bytes)
    {
        int index = _queue.Create(1, bytes, profile).First;
        _queue.GetSpan(index).Fill(1);
        BufferImport import = Import(index);
        import.Read(0, _copy.AsSpan(0, bytes));
        TimeSpan time = Time(() => import.Read(0, _copy.AsSpan(0, bytes)));
        import.Dispose();
        _queue.Remove(index, 1);
        Settle();
        return time;
    }

    private BufferImport Import(int index)
    {
        _queue.Export(index, _peer);
        return _importer.TryImport(out BufferImport? import, s_patience) ? import : throw new InvalidOperationException("an export did not come");
    }

    private void Settle()
    {
        if (!_queue.WaitForReclaim(s_patience))
            throw new InvalidOperationException("a buffer that nobody holds is not back");
    }
}
