using MagAlloc.Concurrency;

namespace MagAlloc.Interleaving.Exploration;

/// <summary>One run of a scenario under one schedule.</summary>
/// <remarks>
/// Exactly one virtual thread runs. Before each of its atomic accesses it asks the strategy what happens next; a hand-over
/// costs two context switches, going on costs nothing.
/// </remarks>
internal sealed class Execution
{
    // A thread that only looks, so often, waits for another one (a spin loop); scans of a few words are shorter. And a
    // SpinWait begins to sleep a little later, which would make schedules slow.
    private const int PatienceInLoads = 12;
    private const int TimeoutMilliseconds = 30_000;

    private readonly VirtualThread[] _crew;
    private readonly IStrategy _strategy;
    private readonly int _stepBound;
    private readonly bool[] _runnable;
    private readonly Turn _done;
    private Move[] _moves = new Move[64];
    private int _ended;
    private int _loadsInARow;

    public Execution(Scenario scenario, VirtualThread[] crew, IStrategy strategy, int stepBound, Turn done)
    {
        Scenario = scenario;
        _crew = crew;
        _strategy = strategy;
        _stepBound = stepBound;
        _done = done;
        _runnable = new bool[scenario.Threads.Length];
    }

    public Scenario Scenario { get; }

    /// <summary>All that happened, in order.</summary>
    public List<Move> Trace { get; } = [];

    /// <summary>Why the schedule fails, or null.</summary>
    public string? Failure { get; private set; }

    /// <summary>Stop this thread for good …</summary>
    public int Victim { get; init; } = -1;

    /// <summary>… before it takes its n-th step.</summary>
    public int VictimStep { get; init; }

    /// <summary>Whether the victim got that far.</summary>
    public bool VictimStopped { get; private set; }

    /// <summary>Runs the scenario to its end and checks it.</summary>
    /// <returns>Whether it held. If not, the crew is not usable any more.</returns>
    public bool Run()
    {
        if (Scenario.Prepare is not null)
        {
            for (int i = 0; i < _runnable.Length; i++)
            {
                int id = i;
                _crew[i].Assign(this, () =>
                {
                    AtomicSeam.t_scheduler = null;
                    Scenario.Prepare(id);
                });
                _ended = -1;
                _crew[i].GiveTurn();
                Await();
            }
        }

        for (int i = 0; i < _runnable.Length; i++)
        {
            _crew[i].Assign(this, Scenario.Threads[i]);
            _runnable[i] = true;
        }

        _ended = 0;
        _strategy.Begin(_runnable.Length);
        if (Failure is null)
        {
            PassOn();
            Await();
        }

        if (Failure is null)
        {
            Guard(Scenario.Check);
        }

        if (VictimStopped && Failure is null)
        {
            // It was only very slow, after all. Nothing may have been lost by that.
            _crew[Victim].IsFree = true;
            _crew[Victim].GiveTurn();
            Await();
        }

        if (Failure is null)
        {
            Guard(Scenario.CheckAtRest);
        }

        if (Failure is null)
        {
            Guard(Scenario.Cleanup);
        }

        return Failure is null;
    }

    /// <summary>A thread is about to make an atomic access.</summary>
    public void Step(VirtualThread thread, AtomicOperation operation)
    {
        thread.Steps++;
        _loadsInARow = operation == AtomicOperation.Load ? _loadsInARow + 1 : 0;
        if (thread.Id == Victim && thread.Steps == VictimStep)
        {
            // What it has stored becomes visible some time; nothing else of it ever happens.
            VictimStopped = true;
            _runnable[thread.Id] = false;
            thread.Stores.ShowAll();
            thread.Stores.Leave();
            PassOn();
            thread.AwaitTurn();
            return;
        }

        if (Trace.Count >= _stepBound)
        {
            Stop(thread, $"no end after {Trace.Count} steps (livelock, or a thread waits for one that is stopped)");
        }

        int next = Decide(thread.Id);
        if (next != thread.Id)
        {
            _loadsInARow = 0;
            thread.Stores.Leave();
            _crew[next].GiveTurn();
            thread.AwaitTurn();
            thread.Stores.Enter();
        }
    }

    /// <summary>A thread has ended; called on that thread.</summary>
    public void End(VirtualThread thread, Exception? failure)
    {
        if (failure is not null)
        {
            Failure ??= $"thread {thread.Id}: {Describe(failure)}";
        }

        if (thread.IsFree || _ended < 0 || Failure is not null)
        {
            thread.Stores.ShowAll();
            _done.Give();
            return;
        }

        // What it has stored becomes visible some time later, as at any other place.
        _runnable[thread.Id] = false;
        thread.Stores.Leave();
        PassOn();
    }

    private static string Describe(Exception failure)
        => failure is InterleavingException ? failure.Message : failure.ToString();

    private void PassOn()
    {
        if (Array.IndexOf(_runnable, true) < 0)
        {
            ShowEverything(current: -1);
            _done.Give();
            return;
        }

        _loadsInARow = 0;
        _crew[Decide(current: -1)].GiveTurn();
    }

    private void ShowEverything(int current)
    {
        for (int i = 0; i < _runnable.Length; i++)
        {
            while (i != current && _crew[i].Stores.Count > 0)
            {
                _crew[i].Stores.Show(0, current < 0 ? null : _crew[current].Stores);
            }
        }
    }

    private int Decide(int current)
    {
        bool mustYield = false;
        if (_loadsInARow > PatienceInLoads)
        {
            // No store stays in a buffer for ever while somebody waits for it.
            mustYield = _runnable.Count(runs => runs) > 1;
            ShowEverything(current);
        }

        while (true)
        {
            int count = Collect(current);
            Move chosen = _moves[_strategy.Choose(_moves.AsSpan(0, count), current, mustYield)];
            Trace.Add(chosen);
            if (chosen.IsRun)
            {
                return chosen.Thread;
            }

            _crew[chosen.Thread].Stores.Show(chosen.Store, current < 0 ? null : _crew[current].Stores);
        }
    }

    private int Collect(int current)
    {
        int count = 0;
        if (current >= 0)
        {
            _moves[count++] = Move.Run(current);
        }

        for (int i = 0; i < _runnable.Length; i++)
        {
            if (_runnable[i] && i != current)
            {
                _moves[count++] = Move.Run(i);
            }
        }

        for (int i = 0; i < _runnable.Length; i++)
        {
            StoreBuffer stores = _crew[i].Stores;
            for (int store = 0; store < stores.Count; store++)
            {
                if (count == _moves.Length)
                {
                    Array.Resize(ref _moves, count * 2);
                }

                if (stores.MayLeave(store))
                {
                    _moves[count++] = new Move(i, store);
                }
            }
        }

        return count;
    }

    private void Stop(VirtualThread thread, string failure)
    {
        Failure = failure;
        thread.Unwinds = true;
        thread.GiveTurn();
        thread.AwaitTurn();
    }

    private void Guard(Action? action)
    {
        try
        {
            Watchdog.Guard(action);
        }
#pragma warning disable CA1031 // Reported with the schedule.
        catch (Exception thrown)
#pragma warning restore CA1031
        {
            Failure = Describe(thrown);
        }
    }

    private void Await()
    {
        if (!_done.Await(TimeoutMilliseconds))
        {
            Failure = "a thread does not come back: it waits for something that is no atomic step";
        }
    }
}
