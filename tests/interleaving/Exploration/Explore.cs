namespace MagAlloc.Interleaving.Exploration;

/// <summary>Runs a scenario under many schedules; the first that breaks it fails the test, with what is needed to repeat it.</summary>
internal static class Explore
{
    /// <summary>More steps than any scenario here needs: a schedule that gets there is a livelock.</summary>
    private const int StepBound = 20_000;

    /// <summary>Every schedule with at most so many preemptions.</summary>
    /// <param name="make">Builds the scenario.</param>
    /// <param name="preemptions">Times a thread that could go on is interrupted.</param>
    /// <param name="flushes">Times a held store becomes visible before it must.</param>
    /// <param name="most">Schedules; to need more is an error of the test.</param>
    /// <returns>The number of schedules.</returns>
    public static long Exhaustively(Func<Scenario> make, int preemptions = 2, int flushes = 2, int most = 300_000)
    {
        var strategy = new DepthFirst(preemptions, flushes);
        using var crew = new Crew();
        using PinnedThread pinned = ThreadAffinity.Pin(crew.Processor);
        long schedules = 0;
        do
        {
            schedules++;
            Run(make, crew, strategy, $"Explore.Exhaustively, {preemptions} preemptions, schedule {schedules}");
            if (schedules > most)
            {
                throw new InterleavingException($"{most} schedules do not exhaust the scenario: make it smaller");
            }
        }
        while (strategy.Advance());

        Tell($"{schedules} schedules: all with at most {preemptions} preemptions");
        return schedules;
    }

    /// <summary>Random schedules; the n-th has the seed <paramref name="seed"/> + n.</summary>
    /// <returns>The number of schedules.</returns>
    public static long Randomly(Func<Scenario> make, int schedules, ulong seed = 1)
    {
        using var crew = new Crew();
        using PinnedThread pinned = ThreadAffinity.Pin(crew.Processor);
        int steps = 100;
        for (int i = 0; i < schedules; i++)
        {
            ulong mine = seed + (ulong)i;
            steps = Run(make, crew, new RandomPriorities(mine, steps), $"Explore.Randomly, seed {mine}, {steps} expected steps").Trace.Count;
        }

        Tell($"{schedules} schedules: random, seeds {seed} to {seed + (ulong)schedules - 1}");
        return schedules;
    }

    /// <summary>One schedule, as a failure printed it.</summary>
    public static void Again(Func<Scenario> make, string schedule)
    {
        using var crew = new Crew();
        using PinnedThread pinned = ThreadAffinity.Pin(crew.Processor);
        Run(make, crew, new Replay(schedule), "Explore.Again");
    }

    /// <summary>
    /// Lock-freedom, shown: thread 0 is stopped for good before its 1st, 2nd, 3rd, … step, until it gets to its end; each
    /// time all others must come to theirs within the bound on steps.
    /// </summary>
    /// <param name="make">Builds the scenario; its check must allow for what the stopped thread holds.</param>
    /// <param name="randomEach">Random schedules tried for each step, besides the orderly ones.</param>
    /// <param name="seed">Seed of the first of them.</param>
    /// <returns>The number of steps at which the thread was stopped.</returns>
    public static int StoppingOneForever(Func<Scenario> make, int randomEach = 20, ulong seed = 1)
    {
        using var crew = new Crew();
        using PinnedThread pinned = ThreadAffinity.Pin(crew.Processor);
        int step = 1;
        bool stopped;
        do
        {
            stopped = false;
            foreach (int stepsEach in (int[])[int.MaxValue, 1, 2, 3])
            {
                stopped |= Run(make, crew, new InTurn(stepsEach), $"thread 0 stopped before step {step}, turns of {stepsEach}", step)
                    .VictimStopped;
            }

            for (int i = 0; i < randomEach; i++)
            {
                ulong mine = seed + (ulong)((step * randomEach) + i);
                stopped |= Run(make, crew, new RandomPriorities(mine, 100), $"thread 0 stopped before step {step}, seed {mine}", step)
                    .VictimStopped;
            }

            step++;
        }
        while (stopped);

        Tell($"stopped for good at each of {step - 2} steps, {4 + randomEach} schedules each");
        return step - 2;
    }

    private static Execution Run(Func<Scenario> make, Crew crew, IStrategy strategy, string what, int victimStep = 0)
    {
        Scenario? made = null;
        Watchdog.Guard(() => made = make());
        Scenario scenario = made!;
        var execution = new Execution(scenario, crew.Of(scenario.Threads.Length), strategy, StepBound, crew.Done)
        {
            Victim = victimStep > 0 ? 0 : -1,
            VictimStep = victimStep,
        };
        if (!execution.Run())
        {
            crew.Abandon();
            throw new InterleavingException(
                $"{execution.Failure}{Environment.NewLine}under: {what}{Environment.NewLine}schedule: {Schedule.Write(execution.Trace)}");
        }

        return execution;
    }

    private static void Tell(string what) => TestContext.Out.WriteLine(what);
}
