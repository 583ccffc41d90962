using System.Runtime.Versioning;
using MagAlloc.Sharing.Platform;

namespace MagAlloc.Sharing;

/// <summary>One queue's part of the process's <see cref="CloseWatcher"/>: the files that it watches, and whether one was closed.</summary>
[SupportedOSPlatform("linux")]
internal sealed class CloseWatch : IDisposable
{
    private readonly CloseWatcher _watcher;
    private readonly FileDescriptor _bell;
    private bool _hasNews;

    /// <param name="watcher">The process's.</param>
    /// <param name="bell">Rung when there are news. It stays the queue's, which disposes of it after this.</param>
    public CloseWatch(CloseWatcher watcher, FileDescriptor bell)
    {
        _watcher = watcher;
        _bell = bell;
    }

    /// <returns>A number for the file, or -1: the system has no watches left.</returns>
    public int Add(FileDescriptor file) => _watcher.Add(this, file);

    /// <summary>Nobody asks about a file any more, which is open still.</summary>
    public void Remove(int watch) => _watcher.Remove(watch);

    /// <summary>Whether a description of any of the files has ended since this was asked last.</summary>
    public bool TakeNews()
    {
        lock (_watcher.Gate)
        {
            bool had = _hasNews;
            _hasNews = false;
            return had;
        }
    }

    /// <summary>Under the watcher's lock: so the bell is there.</summary>
    public void Tell()
    {
        if (!_hasNews)
        {
            _hasNews = true;
            Doorbell.Ring(_bell);
        }
    }

    /// <summary>The queue ends: its files are watched no more, and its bell is not rung afterwards. Idempotent.</summary>
    public void Dispose() => _watcher.Leave(this);
}
