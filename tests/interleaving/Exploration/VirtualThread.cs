using System.Runtime.CompilerServices;
using MagAlloc.Concurrency;

namespace MagAlloc.Interleaving.Exploration;

/// <summary>An OS thread that runs only when it is its turn.</summary>
internal sealed unsafe class VirtualThread : IAtomicScheduler, IDisposable
{
    private const int StackBytes = 1 << 20;

    private readonly Turn _turn = new();
    private readonly Thread _thread;
    private Execution? _execution;
    private Action? _work;
    private byte[] _snapshot = [];
    private bool _hasStored;
    private Watchdog _watchdog = new();

    public VirtualThread(int id, int processor)
    {
        Id = id;
        _thread = new Thread(() => Run(processor), StackBytes) { IsBackground = true, Name = $"virtual thread {id}" };
        _thread.UnsafeStart();
    }

    public int Id { get; }

    public StoreBuffer Stores { get; } = new();

    /// <summary>Steps announced in this execution; the last one is not taken yet.</summary>
    public int Steps { get; set; }

    /// <summary>Set for a thread whose schedule has failed: its next turn unwinds it.</summary>
    public bool Unwinds { get; set; }

    /// <summary>Set once everything has been checked: the thread's next turn takes it to its end, unscheduled.</summary>
    public bool IsFree { get; set; }

    /// <summary>Gives the thread something to do when its turn comes.</summary>
    public void Assign(Execution execution, Action work)
    {
        _execution = execution;
        _work = work;
        Steps = 0;
        Unwinds = false;
        IsFree = false;
        _watchdog = new Watchdog();
        _hasStored = false;
        Stores.ShowAll();
    }

    public void GiveTurn() => _turn.Give();

    public void AwaitTurn()
    {
        _turn.Await();
        if (Unwinds)
        {
            IsFree = true;
            throw new UnwoundException();
        }
    }

    /// <inheritdoc/>
    public void Step(AtomicOperation operation)
    {
        if (IsFree)
        {
            _watchdog.Step(operation);
            return;
        }

        HoldWatchedStore();
        _execution!.Step(this, operation);
        switch (operation)
        {
            case AtomicOperation.ReadModifyWrite:
                Stores.ShowAll();
                break;

            case AtomicOperation.Store:
                Stores.ShowRelaxed();
                Watch();
                break;
        }
    }

    /// <inheritdoc/>
    public bool HoldStore(ref nuint location, nuint value)
    {
        if (IsFree)
        {
            return false;
        }

        Stores.Hold((byte*)Unsafe.AsPointer(ref location), sizeof(nuint), value, hidden: null, isRelease: false);
        return true;
    }

    public void Dispose()
    {
        _work = null;
        _execution = null;
        _turn.Give();
        _thread.Join();
        _turn.Dispose();
    }

    private void Run(int processor)
    {
        using PinnedThread pinned = ThreadAffinity.Pin(processor);
        while (true)
        {
            _turn.Await();
            if (_execution is null)
            {
                return;
            }

            Exception? failure = null;
            AtomicSeam.t_scheduler = this;
            Stores.Enter();
            try
            {
                _work!();
            }
            catch (UnwoundException)
            {
                // The reason is known.
            }
#pragma warning disable CA1031 // Reported with the schedule by the exploring thread.
            catch (Exception thrown)
#pragma warning restore CA1031
            {
                failure = thrown;
            }

            AtomicSeam.t_scheduler = null;
            _execution.End(this, failure);
        }
    }

    private void Watch()
    {
        int bytes = _execution!.Scenario.WatchedBytes;
        if (bytes == 0)
        {
            return;
        }

        if (_snapshot.Length != bytes)
        {
            _snapshot = new byte[bytes];
        }

        new ReadOnlySpan<byte>(_execution.Scenario.Watched, bytes).CopyTo(_snapshot);
        _hasStored = true;
    }

    /// <summary>The release store just made, if it changed watched memory, moves from there into the buffer.</summary>
    private void HoldWatchedStore()
    {
        if (!_hasStored)
        {
            return;
        }

        _hasStored = false;
        byte* watched = _execution!.Scenario.Watched;
        for (int i = 0; i < _snapshot.Length; i++)
        {
            if (watched[i] != _snapshot[i])
            {
                Stores.Hold(watched + i, 1, watched[i], _snapshot[i], isRelease: true);
            }
        }
    }
}
