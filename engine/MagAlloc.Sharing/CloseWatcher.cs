using System.Runtime.Versioning;
using MagAlloc.Concurrency;
using MagAlloc.Sharing.Platform;

namespace MagAlloc.Sharing;

/// <summary>Tells all queues of this process when descriptions of their buffers' files end.</summary>
/// <remarks>
/// <para><b>One a process.</b> A user has few inotify instances (128), and the program's own <c>FileSystemWatcher</c>s need some: so there is one for
/// all queues, made with the first that can use it and closed with the last. A number that inotify gives to a watch is not given again, so what is
/// read late tells nobody anything wrong.</para>
/// <para><b>One reader.</b> A thread of its own reads it, and does nothing but find the queue of a file, note the news, and ring that queue's bell: it
/// waits for no queue, so a caretaker that is busy, stopped or gone keeps the news from no other. When the kernel could not keep all that happened,
/// all queues are told.</para>
/// <para><b>Locks.</b> The static one, for coming and going, before the instance's, for files and news. A queue may hold its own when it takes the
/// instance's; the reader takes no queue's.</para>
/// </remarks>
[SupportedOSPlatform("linux")]
internal sealed class CloseWatcher
{
    private const int StackBytes = 256 * 1024;

    private static readonly Lock s_gate = new();
    private static CloseWatcher? s_current;

    private readonly FileDescriptor _instance;
    private readonly FileDescriptor _end;
    private readonly Thread _reader;
    private readonly Dictionary<int, CloseWatch> _watches = [];
    private readonly HashSet<CloseWatch> _queues = [];

    private CloseWatcher(FileDescriptor instance, FileDescriptor end)
    {
        _instance = instance;
        _end = end;
        _reader = new Thread(Read, StackBytes) { IsBackground = true, Name = "MagAlloc closes" };
    }

    internal Lock Gate { get; } = new();

    /// <summary>For tests.</summary>
    internal static CloseWatcher? Current => s_current;

    /// <summary>A queue's part of the process's watcher.</summary>
    /// <param name="queue">Its name.</param>
    /// <param name="bell">Its bell.</param>
    /// <param name="faults">A plan by which it is refused.</param>
    /// <returns>Null where there is none to be had, or it has been seen not to tell of a close: then the queue asks at intervals.</returns>
    /// <exception cref="BufferException">There are no memory files to be had.</exception>
    public static CloseWatch? TryOpen(string queue, FileDescriptor bell, FaultPlan? faults)
    {
        if (FileSteps.Fails(faults, FaultPoint.FileWatch))
        {
            return null;
        }

        lock (s_gate)
        {
            s_current ??= TryStart(queue, faults);
            return s_current?.Enter(bell);
        }
    }

    public int Add(CloseWatch queue, FileDescriptor file)
    {
        lock (Gate)
        {
            int watch = FileWatch.Add(_instance, file);
            if (watch >= 0)
            {
                _watches[watch] = queue;
            }

            return watch;
        }
    }

    public void Remove(int watch)
    {
        using (Uninterrupted.Enter(Gate))
        {
            if (_watches.Remove(watch))
            {
                FileWatch.Remove(_instance, watch);
            }
        }
    }

    public void Leave(CloseWatch queue)
    {
        using (Uninterrupted.Enter(s_gate))
        {
            using (Uninterrupted.Enter(Gate))
            {
                if (!_queues.Remove(queue))
                {
                    return;
                }

                // Of buffers that live on as their holders' memory.
                foreach (int watch in _watches.Where(one => one.Value == queue).Select(one => one.Key).ToArray())
                {
                    Remove(watch);
                }

                if (_queues.Count != 0)
                {
                    return;
                }
            }

            s_current = null;
        }

        Doorbell.Ring(_end);
        Uninterrupted.Join(_reader);
        _instance.Dispose();
        _end.Dispose();
    }

    private CloseWatch Enter(FileDescriptor bell)
    {
        lock (Gate)
        {
            CloseWatch queue = new(this, bell);
            _queues.Add(queue);
            return queue;
        }
    }

    private static CloseWatcher? TryStart(string queue, FaultPlan? faults)
    {
        FileDescriptor? instance = FileWatch.Create();
        FileDescriptor? end = null;
        bool isStarted = false;
        try
        {
            if (instance is null || !TellsOfCloses(queue, instance, faults))
            {
                return null;
            }

            end = FileSteps.Fails(faults, FaultPoint.WakeUp) ? null : Doorbell.Create();
            if (end is null || FileSteps.Fails(faults, FaultPoint.WorkerStart))
            {
                return null;
            }

            CloseWatcher watcher = new(instance, end);
            watcher._reader.UnsafeStart();
            isStarted = true;
            return watcher;
        }
        catch (Exception e) when (e is OutOfMemoryException or ThreadStartException)
        {
            return null;
        }
        finally
        {
            if (!isStarted)
            {
                instance?.Dispose();
                end?.Dispose();
            }
        }
    }

    private static bool TellsOfCloses(string queue, FileDescriptor instance, FaultPlan? faults)
    {
        using FileDescriptor file = FileSteps.Create(queue, "probe", reservedHugePages: false, faults);
        int watch = FileWatch.Add(instance, file);
        (FileSteps.Fails(faults, FaultPoint.FileOpen) ? null : MemoryFiles.Reopen(file, writable: false))?.Dispose();
        List<int> closed = [];
        bool tells = watch >= 0 && FileWatch.Read(instance, closed) && closed.Contains(watch);
        FileWatch.Remove(instance, watch);
        return tells;
    }

    private void Read()
    {
        PollSet set = new();
        int end = set.Add(_end, forReading: true);
        set.Add(_instance, forReading: true);
        List<int> closed = [];
        while (true)
        {
            set.Wait(-1);
            if (set[end] != 0)
            {
                return;
            }

            closed.Clear();
            bool isComplete = FileWatch.Read(_instance, closed);
            lock (Gate)
            {
                foreach (int watch in closed)
                {
                    _watches.GetValueOrDefault(watch)?.Tell();
                }

                if (!isComplete)
                {
                    foreach (CloseWatch queue in _queues)
                    {
                        queue.Tell();
                    }
                }
            }
        }
    }
}
