namespace MagAlloc.Concurrency;

/// <summary>Waits that <see cref="Thread.Interrupt"/> does not cut short. The interrupt stays pending for the caller.</summary>
/// <remarks>
/// For disposals: half of one would keep threads, descriptors and addresses for ever. Waits in a <see cref="Begin"/> collect the interrupt,
/// so that a long one is not woken again and again; outside of one, each passes it on by itself. A lock that is contended is a wait too.
/// </remarks>
internal static class Uninterrupted
{
    [ThreadStatic]
    private static int t_depth;

    [ThreadStatic]
    private static bool t_pending;

    /// <summary>From here to the end of the scope interrupts are kept. Scopes nest.</summary>
    public static Scope Begin() => new(t_depth++);

    /// <summary>One turn of a loop that waits. An interrupt ends the turn only.</summary>
    public static void SpinOnce(ref SpinWait spin)
    {
        try
        {
            spin.SpinOnce();
        }
        catch (ThreadInterruptedException)
        {
            t_pending = true;
        }

        PassOn();
    }

    /// <summary>Waits for a thread's end.</summary>
    public static void Join(Thread thread)
    {
        while (true)
        {
            try
            {
                thread.Join();
                break;
            }
            catch (ThreadInterruptedException)
            {
                t_pending = true;
            }
        }

        PassOn();
    }

    /// <summary>Sets an event, which takes a lock where somebody waits.</summary>
    public static void Set(ManualResetEventSlim signal)
    {
        while (true)
        {
            try
            {
                signal.Set();
                break;
            }
            catch (ThreadInterruptedException)
            {
                t_pending = true;
            }
        }

        PassOn();
    }

    /// <summary>What <c>lock</c> does, for whoever takes back, lets go or ends.</summary>
    public static Lock.Scope Enter(Lock gate)
    {
        while (true)
        {
            try
            {
                gate.Enter();
                break;
            }
            catch (ThreadInterruptedException)
            {
                t_pending = true;
            }
        }

        PassOn();

        // Entered once more, which cannot wait: the scope leaves one, this the other.
        Lock.Scope scope = gate.EnterScope();
        gate.Exit();
        return scope;
    }

    /// <summary>Asks until there is an answer.</summary>
    /// <param name="question">May be asked again, when it is interrupted.</param>
    public static T Get<T>(Func<T> question)
    {
        while (true)
        {
            try
            {
                T answer = question();
                PassOn();
                return answer;
            }
            catch (ThreadInterruptedException)
            {
                t_pending = true;
            }
        }
    }

    private static void PassOn()
    {
        if (t_depth == 0 && t_pending)
        {
            t_pending = false;
            Thread.CurrentThread.Interrupt();
        }
    }

    /// <summary>Ends what <see cref="Begin"/> began.</summary>
    public readonly ref struct Scope
    {
        private readonly int _outside;

        public Scope(int outside) => _outside = outside;

        public void Dispose()
        {
            t_depth = _outside;
            PassOn();
        }
    }
}
