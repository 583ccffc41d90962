using System.Diagnostics;
using System.Runtime.Versioning;
using MagAlloc.Platform;

namespace MagAlloc.Sharing.Platform;

/// <summary>Waits for any of a few descriptors. Rebuilt for each wait; used by one thread at a time.</summary>
/// <remarks>
/// <c>poll</c> and not <c>epoll</c>: a handful of entries costs less to pass than to register, nothing has to be kept in step with
/// sockets that come and go, and its structure is the same on all architectures. While a wait lasts its descriptors are not
/// closed under it.
/// </remarks>
[SupportedOSPlatform("linux")]
internal sealed unsafe class PollSet
{
    /// <summary>Something can be read, or a connection can be taken.</summary>
    internal const short Readable = 0x1;

    /// <summary>An error or the other end's end; told whether it is wanted or not.</summary>
    internal const short Gone = 0x8 | 0x10 | 0x2000;

    private const short PeerClosed = 0x2000;

    private PollEntry[] _entries = new PollEntry[8];
    private FileDescriptor[] _files = new FileDescriptor[8];
    private int _count;

    internal int Count => _count;

    /// <summary>Begins anew.</summary>
    internal void Clear()
    {
        Array.Clear(_files, 0, _count);
        _count = 0;
    }

    /// <summary>Adds a descriptor.</summary>
    /// <returns>Its place, for <see cref="this"/>.</returns>
    internal int Add(FileDescriptor file, bool forReading)
    {
        if (_count == _entries.Length)
        {
            Array.Resize(ref _entries, 2 * _count);
            Array.Resize(ref _files, 2 * _count);
        }

        _entries[_count] = new PollEntry { Wanted = (short)(PeerClosed | (forReading ? Readable : 0)) };
        _files[_count] = file;
        return _count++;
    }

    /// <summary>What has happened to the descriptor at a place: bits of <see cref="Readable"/> and <see cref="Gone"/>.</summary>
    internal short this[int place] => _entries[place].Happened;

    /// <summary>Waits. Not at all if one of the descriptors was closed before: that may be what is waited for.</summary>
    /// <param name="milliseconds">How long at most; -1: without end; 0: not at all.</param>
    /// <returns>Whether anything has happened.</returns>
    internal bool Wait(int milliseconds)
    {
        int held = 0;
        bool isClosed = false;
        try
        {
            for (; held < _count; held++)
            {
                // Closed meanwhile by somebody else: to poll, an entry below zero is none.
                _entries[held].File = Hold(_files[held]) ? _files[held].Number : -1;
                _entries[held].Happened = 0;
                isClosed |= _entries[held].File < 0;
            }

            fixed (PollEntry* entries = _entries)
            {
                return Poll(entries, isClosed ? 0 : milliseconds) > 0;
            }
        }
        finally
        {
            for (int i = 0; i < held; i++)
            {
                if (_entries[i].File >= 0)
                {
                    _files[i].DangerousRelease();
                }
            }
        }
    }

    /// <summary>Goes on where a signal has ended a wait early.</summary>
    private int Poll(PollEntry* entries, int milliseconds)
    {
        long start = 0;
        int left = milliseconds;
        while (true)
        {
            int happened = LinuxCalls.Poll(entries, (nuint)_count, left);
            if (happened >= 0 || VirtualMemory.LastError != LinuxError.Interrupted)
            {
                return happened;
            }

            // A little longer than asked for, and only then: the clock is not read for a wait that nothing disturbs.
            start = start == 0 ? Stopwatch.GetTimestamp() : start;
            left = milliseconds < 0 ? milliseconds : Math.Max(0, milliseconds - (int)Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }
    }

    private static bool Hold(FileDescriptor file)
    {
        bool added = false;
        try
        {
            file.DangerousAddRef(ref added);
        }
        catch (ObjectDisposedException)
        {
            return false;
        }

        return added;
    }
}
