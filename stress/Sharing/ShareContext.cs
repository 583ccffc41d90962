using System.Runtime.Versioning;
using MagAlloc.Stress.Verification;

namespace MagAlloc.Stress.Sharing;

/// <summary>What the threads of a run share.</summary>
[SupportedOSPlatform("linux")]
internal sealed class ShareContext : IDisposable
{
    /// <summary>How long an orphan is left to its holders.</summary>
    public static readonly TimeSpan OrphanTimeout = TimeSpan.FromMilliseconds(200);

    private bool _stopping;
    private long _verified;

    public ShareContext(ShareOptions options)
    {
        Options = options;
        long stream = options.FrameBytes * options.StreamBuffers;
        ByteLimit = stream + PrivateBytes;
        Queue = new BufferQueue(new BufferQueueOptions
        {
            Name = Name,
            MaxBuffers = 64,
            MaxReleased = 64,
            ByteLimit = ByteLimit,
            OrphanByteLimit = ByteLimit + (PrivateBytes / 2),
            OrphanTimeout = OrphanTimeout,

            // An importer that has just started, on a busy machine, is no hung one.
            AcknowledgeTimeout = TimeSpan.FromSeconds(30),
            WritableExports = true,

            // All are processes of one user here. Revocable buffers are read by guarded copies only, and nobody truncates them but the owner.
            TrustImporters = true,
        });
        Listener = new BufferListener($"@magalloc-share-{Environment.ProcessId}");
        Importers = new ImporterRegistry(this);
    }

    /// <summary>Of the run's memory files: what is looked for in other processes at the end.</summary>
    public static string Name { get; } = $"share-{Environment.ProcessId}";

    /// <summary>Bytes for buffers that single importers get.</summary>
    public static long PrivateBytes => 1 << 20;

    /// <summary>The largest of them.</summary>
    public static long LargestPrivate => 32 * Environment.SystemPageSize;

    /// <summary>More than the queue's page of control words takes.</summary>
    public static long ControlBytes => 4 * Environment.SystemPageSize;

    public ShareOptions Options { get; }

    public long ByteLimit { get; }

    public long OrphanByteLimit => ByteLimit + (PrivateBytes / 2);

    public BufferQueue Queue { get; }

    public BufferListener Listener { get; }

    public ImporterRegistry Importers { get; }

    public IntegrityLog Log { get; } = new();

    public bool Stopping => Volatile.Read(ref _stopping);

    public long Verified => Interlocked.Read(ref _verified);

    public void Stop() => Volatile.Write(ref _stopping, true);

    public void CountVerified(long frames) => Interlocked.Add(ref _verified, frames);

    public void Corrupted(string what)
    {
        Log.Corrupted(what);
        Stop();
    }

    /// <summary>A thread of the run: what comes out of it is a finding, never the end of the process.</summary>
    public Thread Start(string name, Action work)
    {
        Thread thread = new(() =>
        {
            try
            {
                work();
            }
            catch (Exception e)
            {
                Log.Failed($"{name}: {e.GetType().Name}: {e.Message}{Environment.NewLine}{e.StackTrace}");
                Stop();
            }
        })
        {
            IsBackground = true,
            Name = $"share {name}",
        };
        thread.Start();
        return thread;
    }

    public void Dispose()
    {
        Importers.Dispose();
        Queue.Dispose();
        Listener.Dispose();
    }
}
