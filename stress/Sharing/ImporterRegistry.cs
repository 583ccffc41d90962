using System.Runtime.Versioning;

namespace MagAlloc.Stress.Sharing;

/// <summary>The living importer processes, and the thread that takes their connections.</summary>
[SupportedOSPlatform("linux")]
internal sealed class ImporterRegistry(ShareContext context) : IDisposable
{
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(50);

    private readonly Lock _gate = new();
    private readonly Dictionary<int, ImporterProcess> _processes = [];
    private Action<ImporterProcess>? _welcome;

    /// <summary>Starts a process; whoever connects with its number is it.</summary>
    public ImporterProcess Start(string role, ulong seed)
    {
        lock (_gate)
        {
            ImporterProcess process = ImporterProcess.Start(context, role, seed);
            _processes.Add(process.Id, process);
            return process;
        }
    }

    public void End(ImporterProcess process)
    {
        lock (_gate)
            _processes.Remove(process.Id);
        process.Dispose();
    }

    /// <summary>Takes connections until the run ends.</summary>
    /// <param name="welcome">Called for each process that has connected.</param>
    public void Accept(Action<ImporterProcess> welcome)
    {
        _welcome = welcome;
        while (!context.Stopping)
        {
            BufferPeer? peer;
            try
            {
                peer = context.Queue.Accept(context.Listener, s_look);
            }
            catch (BufferException)
            {
                // Killed while it introduced itself.
                continue;
            }

            if (peer is not null)
                Welcome(peer);
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            foreach (ImporterProcess process in _processes.Values)
                process.Dispose();
            _processes.Clear();
        }
    }

    private void Welcome(BufferPeer peer)
    {
        ImporterProcess? process;
        lock (_gate)
            process = _processes.GetValueOrDefault(peer.ProcessId);
        if (process is null)
        {
            peer.Disconnect();
            return;
        }

        _welcome?.Invoke(process.Is(peer));
    }
}
