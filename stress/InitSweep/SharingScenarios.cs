using System.Runtime.ExceptionServices;
using System.Runtime.Versioning;
using MagAlloc.Stress.Sharing;

namespace MagAlloc.Stress.InitSweep;

/// <summary>Shared buffers: every system call of making, exporting, importing, handing over, freezing and releasing them is a fallible step.</summary>
internal static class SharingScenarios
{
    private const int Buffers = 3;
    private const long Length = 5 * 4096;

    private static readonly TimeSpan s_soon = TimeSpan.FromSeconds(10);

    private static long s_listeners;

    /// <summary>None where there are no such buffers.</summary>
    public static IReadOnlyList<InitScenario> All => OperatingSystem.IsLinux() ? Linux() : [];

    [SupportedOSPlatform("linux")]
    private static InitScenario[] Linux() =>
    [
        new("buffer-queue", "a queue of shared buffers", UseQueue, MakeTwin),
        new("buffer-listener", "a listener that importers connect to", UseListener, MakeTwin),
        new("buffer-connect", "an importer's connection, owner's side", ConnectWithFaultsHere, MakeTwin),
        new("buffer-importer", "an importer's connection, its own side", ConnectWithFaultsThere, MakeTwin),
        new("buffer-export", "exports, frames and acknowledgements, owner's side", StreamWithFaultsHere, MakeTwin),
        new("buffer-import", "imports, frames and acknowledgements, importer's side", StreamWithFaultsThere, MakeTwin),
        new("buffer-freeze", "freezing an immutable buffer", Freeze, MakeTwin),
        new("buffer-release", "releases and revocations of buffers that are held", Release, MakeTwin),
    ];

    [SupportedOSPlatform("linux")]
    private static Twin MakeTwin()
    {
        BufferQueue queue = new(Options(null));
        return new Twin(queue, () =>
        {
            Require(queue.Request(Buffers, Length) == Buffers, "there are not as many buffers as were asked for");
            Use(queue);
            queue.Release();
            Require(queue.WaitForReclaim(s_soon) && queue.GetStatistics().LiveBuffers == 0, "released buffers are not back");
        });
    }

    [SupportedOSPlatform("linux")]
    private static void UseQueue(FaultPlan? plan)
    {
        using BufferQueue queue = new(Options(plan));
        bool made = Tolerating(plan, out ExceptionDispatchInfo? refused, () => queue.Request(Buffers, Length) == Buffers);
        if (!made)
        {
            // Fewer than asked for were granted, as the kernel does when memory ends.
            plan?.Enabled = false;
            made = queue.Request(Buffers, Length) == Buffers;
        }

        Use(queue);
        Require(made && queue.GetStatistics().LiveBuffers == Buffers, "there are not as many buffers as were asked for");
        refused?.Throw();
    }

    [SupportedOSPlatform("linux")]
    private static void UseListener(FaultPlan? plan)
    {
        using BufferListener listener = new(NextAddress(), plan);
        using BufferQueue queue = new(Options(null));
        Task<BufferImporter> connecting = Task.Run(() => BufferImporter.Connect(listener.Address));
        try
        {
            Require(queue.Accept(listener, s_soon) is not null, "nobody connected");
            connecting.GetAwaiter().GetResult().Dispose();
        }
        catch
        {
            // The importer's end of what was not accepted.
            listener.Dispose();
            Dispose(connecting);
            throw;
        }
    }

    [SupportedOSPlatform("linux")]
    private static void ConnectWithFaultsHere(FaultPlan? plan) => Connect(plan, importersPlan: null);

    [SupportedOSPlatform("linux")]
    private static void ConnectWithFaultsThere(FaultPlan? plan) => Connect(null, importersPlan: plan);

    [SupportedOSPlatform("linux")]
    private static void StreamWithFaultsHere(FaultPlan? plan) => Stream(plan, importersPlan: null);

    [SupportedOSPlatform("linux")]
    private static void StreamWithFaultsThere(FaultPlan? plan) => Stream(null, importersPlan: plan);

    [SupportedOSPlatform("linux")]
    private static void Connect(FaultPlan? plan, FaultPlan? importersPlan)
    {
        Disarm(plan);
        using BufferQueue queue = new(Options(plan));
        using BufferListener listener = new(NextAddress());
        Arm(plan);
        Meet(queue, listener, importersPlan, out BufferPeer peer).Dispose();
        Disarm(plan);
        Require(SpinWait.SpinUntil(() => !peer.IsConnected, s_soon), "an importer that is gone is connected");
    }

    [SupportedOSPlatform("linux")]
    private static void Stream(FaultPlan? plan, FaultPlan? importersPlan)
    {
        Disarm(plan);
        Disarm(importersPlan);
        using BufferQueue queue = new(Options(plan));
        using BufferListener listener = new(NextAddress());
        queue.Request(Buffers, Length);
        using BufferImporter importer = Meet(queue, listener, importersPlan, out BufferPeer peer);
        Arm(plan);
        Arm(importersPlan);
        queue.Export(0, peer);
        queue.StreamOn();
        queue.Queue(0);
        if (!importer.TryReceive(out BufferFrame frame, s_soon))
        {
            // A message that cannot be sent, either way, ends the connection: nobody must go on believing something else.
            Require((plan ?? importersPlan) is { Injected: not 0 } && !importer.IsConnected, "a frame did not come, though nothing failed");
            throw new OutOfMemoryException("The importer was disconnected, for a message could not be sent.");
        }

        importer.Acknowledge(in frame);
        Require(queue.TryDequeue(out CompletedBuffer completed, s_soon) && !completed.IsError, "a frame did not come back");
        queue.StreamOff();
    }

    [SupportedOSPlatform("linux")]
    private static void Freeze(FaultPlan? plan)
    {
        Disarm(plan);
        using BufferQueue queue = new(Options(plan));
        queue.Create(1, Length, BufferProfile.Immutable);
        FramePattern.Fill(queue.GetSpan(0), 1);
        Arm(plan);
        queue.Freeze(0);
        Require(FramePattern.FindViolation(queue.GetReadOnlySpan(0), 1) < 0, "freezing has changed the contents");
    }

    /// <summary>Giving back must work when the system refuses: one buffer of each profile is held, and released in every way.</summary>
    [SupportedOSPlatform("linux")]
    private static void Release(FaultPlan? plan)
    {
        Disarm(plan);
        using BufferQueue queue = new(Options(plan) with { TrustImporters = true });
        using BufferListener listener = new(NextAddress());
        using BufferImporter importer = Meet(queue, listener, null, out BufferPeer peer);
        foreach (BufferProfile profile in Enum.GetValues<BufferProfile>())
        {
            int index = queue.Create(1, Length, profile).First;
            if (profile == BufferProfile.Immutable)
                queue.Freeze(index);
            queue.Export(index, peer);
            Require(importer.TryImport(out _, s_soon), "an export did not come");
        }

        Arm(plan);
        queue.Remove(0, 1);
        queue.RevokeOrphans();
        try
        {
            queue.Release(ReleaseMode.Revoke);
        }
        catch (BufferException e) when (e.Error == BufferError.NotPermitted)
        {
            // The immutable one; all others were released.
        }

        foreach (BufferImport import in importer.Imports)
            import.Dispose();
        Require(queue.WaitForReclaim(s_soon), "released buffers that nobody holds are not back");
    }

    [SupportedOSPlatform("linux")]
    private static BufferImporter Meet(BufferQueue queue, BufferListener listener, FaultPlan? importersPlan, out BufferPeer peer)
    {
        BufferImporterOptions options = new() { AcceptRevocable = true, Faults = importersPlan, ConnectTimeout = s_soon };
        Task<BufferImporter> connecting = Task.Run(() => BufferImporter.Connect(listener.Address, options));
        try
        {
            BufferPeer? accepted = null;
            SpinWait.SpinUntil(() => (accepted = queue.Accept(listener, TimeSpan.FromMilliseconds(5))) is not null || connecting.IsFaulted, s_soon);
            peer = accepted!;
            return connecting.GetAwaiter().GetResult();
        }
        catch
        {
            Dispose(connecting);
            throw;
        }
    }

    [SupportedOSPlatform("linux")]
    private static void Dispose(Task<BufferImporter> connecting)
    {
        try
        {
            connecting.GetAwaiter().GetResult().Dispose();
        }
        catch (BufferException)
        {
            // It found nobody, or was thrown out.
        }
    }

    [SupportedOSPlatform("linux")]
    private static void Use(BufferQueue queue)
    {
        for (int index = 0; index < Buffers; index++)
        {
            Span<byte> span = queue.GetSpan(index);
            FramePattern.Fill(span, (ulong)index);
            Require(FramePattern.FindViolation(span, (ulong)index) < 0, "a buffer does not keep what was written to it");
        }
    }

    [SupportedOSPlatform("linux")]
    private static BufferQueueOptions Options(FaultPlan? plan) => new() { Name = "sweep", Faults = plan };

    private static string NextAddress() => $"@magalloc-sweep-{Environment.ProcessId}-{Interlocked.Increment(ref s_listeners)}";

    private static bool Tolerating(FaultPlan? plan, out ExceptionDispatchInfo? refused, Func<bool> call)
    {
        refused = null;
        try
        {
            return call();
        }
        catch (BufferException e)
        {
            refused = ExceptionDispatchInfo.Capture(e);
            Disarm(plan);
            return call();
        }
    }

    private static void Require(bool condition, string otherwise)
    {
        if (!condition)
            throw new InvalidOperationException(otherwise);
    }

    private static void Arm(FaultPlan? plan) => plan?.Enabled = true;

    private static void Disarm(FaultPlan? plan) => plan?.Enabled = false;
}
