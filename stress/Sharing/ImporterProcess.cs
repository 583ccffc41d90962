using System.Diagnostics;
using System.Globalization;
using System.Runtime.Versioning;
using MagAlloc.Tooling.Commands;

namespace MagAlloc.Stress.Sharing;

/// <summary>An importer's process, as its owner sees it.</summary>
[SupportedOSPlatform("linux")]
internal sealed class ImporterProcess : IDisposable
{
    // 128 and SIGKILL.
    private const int KilledCode = 137;

    private static readonly TimeSpan s_end = TimeSpan.FromSeconds(5);

    private readonly ShareContext _context;
    private readonly Process _process;
    private readonly ManualResetEventSlim _connected = new();
    private readonly ManualResetEventSlim _done = new();
    private readonly List<int> _holders = [];

    private ImporterProcess(ShareContext context, Process process, bool isHonest)
    {
        IsHonest = isHonest;
        _context = context;
        _process = process;
        process.OutputDataReceived += (_, line) => Hear(line.Data);
        process.BeginOutputReadLine();
        if (process.StartInfo.RedirectStandardError)
            process.BeginErrorReadLine();
    }

    public int Id => _process.Id;

    public bool IsHonest { get; }

    /// <summary>Set once it has connected.</summary>
    public BufferPeer? Peer { get; private set; }

    public bool HasEnded => _process.HasExited;

    /// <summary>Why it ended by itself, in its own words.</summary>
    public string LastWords { get; private set; } = "it did not say why";

    /// <summary>It was killed, and did not end by itself just before that. Waits for its end.</summary>
    public bool WasKilled => _process.WaitForExit(s_end) && _process.ExitCode == KilledCode;

    /// <summary>Indices of live buffers that only it has. Used by the conductor.</summary>
    public List<int> Privates { get; } = [];

    /// <summary>Processes that hold what it passed on, or were forked by it.</summary>
    public IReadOnlyList<int> Holders
    {
        get
        {
            lock (_holders)
                return [.. _holders];
        }
    }

    public static ImporterProcess Start(ShareContext context, string role, ulong seed)
    {
        ProcessStartInfo start = OwnProgram.Start(typeof(ImporterProcess).Assembly, new ImporterArguments(role, context.Listener.Address, seed).ToArray());
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;

        // It, or its holder, reads what is taken from it until that kills it, as it must. What its runtime says then is no news.
        start.RedirectStandardError = role is nameof(RogueKind.Raw) or nameof(RogueKind.Repass);

        // Who is killed cannot clear away the sockets and pipes of its diagnostics; the holders that it starts inherit this.
        start.Environment["DOTNET_EnableDiagnostics"] = "0";

        // A short life: the best code never pays.
        start.Environment["DOTNET_TieredPGO"] = "0";
        return new ImporterProcess(context, Process.Start(start)!, role == ImporterArguments.Honest);
    }

    /// <summary>It has connected.</summary>
    public ImporterProcess Is(BufferPeer peer)
    {
        Peer = peer;
        return this;
    }

    /// <summary>It has got what all importers get.</summary>
    public void Welcomed() => _connected.Set();

    public bool WaitUntilConnected(TimeSpan limit) => Wait(_connected, limit);

    /// <summary>Waits until it says that it has done what it does.</summary>
    public bool WaitUntilDone(TimeSpan limit) => Wait(_done, limit);

    /// <summary>SIGKILL.</summary>
    public void Kill() => _process.Kill();

    public void Dispose()
    {
        try
        {
            if (!_process.HasExited)
                _process.Kill();
        }
        catch (InvalidOperationException)
        {
            // It ended in between.
        }

        foreach (int holder in Holders)
            KillHolder(holder);

        // With a limit the wait is for the process only, not for the end of an output that a holder may have, too.
        _process.WaitForExit(s_end);
        _process.Dispose();
        _connected.Dispose();
        _done.Dispose();
    }

    public static void KillHolder(int process)
    {
        try
        {
            using Process holder = Process.GetProcessById(process);
            holder.Kill();
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            // Gone already.
        }
    }

    /// <summary>In slices: a process that has died keeps nobody waiting.</summary>
    private bool Wait(ManualResetEventSlim what, TimeSpan limit)
    {
        long start = Stopwatch.GetTimestamp();
        while (!what.Wait(TimeSpan.FromMilliseconds(20)))
        {
            if (HasEnded || _context.Stopping || Stopwatch.GetElapsedTime(start) >= limit)
                return what.IsSet;
        }

        return true;
    }

    private void Hear(string? line)
    {
        string[] words = line?.Split(' ', 2) ?? [];
        switch (words)
        {
            case ["verified", var count]:
                _context.CountVerified(long.Parse(count, CultureInfo.InvariantCulture));
                break;
            case ["corrupt", var what]:
                _context.Corrupted($"importer {Id}: {what}");
                break;
            case ["holder", var process]:
                lock (_holders)
                    _holders.Add(int.Parse(process, CultureInfo.InvariantCulture));
                break;
            case ["ended", var why]:
                LastWords = why;
                break;
            case ["done"]:
                _done.Set();
                break;
        }
    }
}
