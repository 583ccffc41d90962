using MagAlloc.Tests.Events.Support;
using MagAlloc.Tests.Faults.Support;
using MagAlloc.Tests.Heap.Support;
using MagAlloc.Tests.Platform;

namespace MagAlloc.Tests.Faults;

/// <summary>
/// Every fallible step of every component fails in turn, in the company that a program keeps: beside another one of the same name and kind, beside one
/// that is being disposed, and while somebody listens. Owners of one name share a series of the meter.
/// </summary>
[NonParallelizable]
public sealed class TwinTests
{
    private const int MostSteps = 2000;

    private static IReadOnlyList<Component> Components => Component.All;

    [TestCaseSource(nameof(Components))]
    public void EachStepThatFails_Alone(Component component) => Sweep(component, One, null);

    [TestCaseSource(nameof(Components))]
    public void EachStepThatFails_BesideALivingTwin(Component component) => Sweep(component, One, BesideALivingTwin);

    [TestCaseSource(nameof(Components))]
    public void EachStepThatFails_BesideATwinThatIsBeingDisposed(Component component) => Sweep(component, One, BesideOneThatEnds);

    [TestCaseSource(nameof(Components))]
    public void EachStepThatFails_BesideALivingTwin_WhileOthersListen(Component component)
        => Sweep(component, One, (one, sweep) => WhileOthersListen(one, () => BesideALivingTwin(one, sweep)));

    [TestCaseSource(nameof(Components))]
    public void EachStepThatFails_BesideATwinThatIsBeingDisposed_WhileOthersListen(Component component)
        => Sweep(component, One, (one, sweep) => WhileOthersListen(one, () => BesideOneThatEnds(one, sweep)));

    [TestCaseSource(nameof(Components))]
    public void EachPairOfSteps_TheSecondInWhatTheFirstSetsOff(Component component) => Sweep(component, Pairs, BesideALivingTwin);

    [Test]
    public void APairOfSteps_IsTwoFailures()
    {
        FaultPlan plan = FaultPlan.FailNth(2, 4);
        Assert.That(Enumerable.Range(1, 6).Where(_ => plan.ShouldFail(FaultPoint.Commit)).Count(), Is.EqualTo(2));
        Assert.That(plan.Injected, Is.EqualTo(2));
        Assert.That(() => FaultPlan.FailNth(2, 2), Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(() => FaultPlan.FailNth(0, 2), Throws.TypeOf<ArgumentOutOfRangeException>());
    }

    /// <summary>A release needs no memory, not even that of a list without the owner.</summary>
    [TestCaseSource(nameof(Components))]
    public void ADisposalThatFindsNoMemoryForTheList_ReleasesAllTheSame(Component component)
    {
        IDisposable twin = component.Make(null);
        Footprint before = Footprint.Take();
        for (int i = 0; i < 20; i++)
        {
            FaultPlan plan = FaultPlan.Random(1).At(FaultPoint.Listing);
            plan.Enabled = false;
            IDisposable one = component.Make(plan);
            component.Use(one);
            plan.Enabled = true;
            Assert.That(one.Dispose, Throws.Nothing);
            Assert.That(one.Dispose, Throws.Nothing, "and again");
        }

        before.AssertNothingMore("after the disposals");
        component.Use(twin);
        twin.Dispose();
    }

    /// <summary>While owners of a name come and go, their series never says less than what one of them that lives has counted.</summary>
    [TestCase("heap")]
    [TestCase("pool")]
    [TestCase("magazine cache")]
    [TestCase("domain")]
    public void CountersOfASeries_AreNeverLessThanThoseOfALivingOwner(string name)
    {
        Component component = Components.Single(one => one.Name == name);
        using IDisposable twin = component.Make(null);
        component.Use(twin);
        using var reader = new MeterReader("twin");
        for (int i = 0; i < 50 || reader.Rounds < 100; i++)
        {
            using IDisposable one = component.Make(null);
            component.Use(one);
        }

        reader.Dispose();
        Assert.That((reader.Failure, reader.Fall), Is.EqualTo(((Exception?)null, (string?)null)));
    }

    /// <summary>Whoever listens may make a cache, but not dispose of one: the end of one that failed is no disposal.</summary>
    [Test]
    public void ACacheWhoseWorkerFails_InsideAnEvent_IsRefusedAsEver()
    {
        Exception? refused = null;
        Footprint before = Footprint.Take();
        using (EventRecorder recorder = EventRecorder.Start())
        {
            recorder.Told = told =>
            {
                if (told.Name == "OwnerCreated" && told.Text("name") == "trigger" && refused is null)
                {
                    refused = Assert.Catch(() => Components.Single(one => one.Name == "magazine cache").Make(FaultPlan.FailNth(1).At(FaultPoint.WorkerStart)));
                }
            };
            new NativeHeap(new NativeHeapOptions { Name = "trigger", Reclaim = ReclaimOptions.Manual }).Dispose();
        }

        Assert.That(refused, Is.TypeOf<OutOfMemoryException>());
        before.AssertNothingMore("after the event");
    }

    private static void Sweep(Component component, Func<Component, int> steps, Action<Component, Action>? company)
    {
        // Code is compiled, and the runtime's and libc's own pools are filled.
        for (int i = 0; i < 3; i++)
        {
            using IDisposable warm = component.Make(null);
            component.Use(warm);
        }

        int failures = 0;
        Footprint before = Footprint.Take();
        Action all = () => failures = steps(component);
        (company ?? ((_, sweep) => sweep()))(component, all);
        before.AssertNothingMore($"after {failures} failures");
        TestContext.Out.WriteLine($"{failures} failures");
        Assert.That(failures, Is.Positive, "there are steps that fail");
    }

    private static int One(Component component)
    {
        for (int n = 1; n < MostSteps; n++)
        {
            if (!Fails(component, FaultPlan.FailNth(n), duringUse: false, $"step {n}"))
            {
                return n - 1;
            }
        }

        throw new AssertionException("the sweep has no end");
    }

    private static int Pairs(Component component)
    {
        int pairs = 0;
        for (int n = 1; n < MostSteps; n++)
        {
            FaultPlan first = FaultPlan.FailNth(n);
            if (!Fails(component, first, duringUse: true, $"step {n}"))
            {
                return pairs;
            }

            for (long second = n + 1; second <= first.Steps; second++, pairs++)
            {
                Fails(component, FaultPlan.FailNth(n, second), duringUse: true, $"steps {n} and {second}");
            }
        }

        throw new AssertionException("the sweep has no end");
    }

    /// <summary>Makes, uses and disposes of one. After a refusal in its use it must work when nothing fails.</summary>
    /// <returns>Whether a step failed.</returns>
    private static bool Fails(Component component, FaultPlan plan, bool duringUse, string what)
    {
        IDisposable? made = null;
        try
        {
            made = component.Make(plan);
            plan.Enabled = duringUse;
            try
            {
                component.Use(made);
            }
            catch (Exception e) when (duringUse && IsRefusal(e) && plan.Injected != 0)
            {
                plan.Enabled = false;
                component.Use(made);
            }

            plan.Enabled = true;
            made.Dispose();
        }
        catch (Exception e) when (made is null && IsRefusal(e) && plan.Injected != 0)
        {
            Assert.That(e.Message, Is.Not.Empty, what);
        }
        catch (Exception e) when (e is not AssertionException)
        {
            throw new AssertionException($"{what}: {e}");
        }

        return plan.Injected != 0;
    }

    private static bool IsRefusal(Exception e) => e is OutOfMemoryException or BufferException or IovaExhaustedException;

    private static void BesideALivingTwin(Component component, Action sweep)
    {
        using IDisposable twin = component.Make(null);
        component.Use(twin);
        sweep();
        component.Use(twin);
    }

    private static void BesideOneThatEnds(Component component, Action sweep)
    {
        bool stop = false;
        Crew.Handle ending = Crew.Start(1, _ =>
        {
            while (!Volatile.Read(ref stop))
            {
                using IDisposable twin = component.Make(null);
                component.Use(twin);
            }
        });
        try
        {
            sweep();
        }
        finally
        {
            Volatile.Write(ref stop, true);
            Crew.Finish(ending);
        }
    }

    private static void WhileOthersListen(Component component, Action sweep)
    {
        using EventRecorder recorder = EventRecorder.Start(sampleBytes: 1000, statisticsMs: 1);
        using var reader = new MeterReader();
        recorder.Told = told => _ = told.Owner;
        sweep();
        reader.Dispose();
        Assert.That(reader.Failure, Is.Null, component.Name);
        Assert.That(reader.Rounds, Is.Positive);
    }

    /// <summary>What a failure could leave: a reservation, of gigabytes, a thread, a descriptor, a mapping of a file.</summary>
    private readonly record struct Footprint(long Bytes, int Threads, int OwnersThreads, int Descriptors, int FileMappings)
    {
        // Smaller than any reservation of these components; the runtime's own come and go below it.
        private const long Noise = 512 << 20;

        // The runtime's: tiered compilation, the pool's.
        private const int NoisyThreads = 8;

        public static Footprint Take()
        {
            var taken = new Footprint(ProcessState.VirtualBytes, ProcessState.Threads, 0, 0, 0);
            if (!OperatingSystem.IsLinux())
            {
                return taken;
            }

            OpenFiles files = OpenFiles.Count();
            return taken with { OwnersThreads = ProcessState.OwnersThreads, Descriptors = files.Descriptors, FileMappings = files.Mappings };
        }

        public void AssertNothingMore(string when)
        {
            Footprint before = this;
            bool isGone = Crew.Eventually(
                () =>
                {
                    Footprint now = Take();
                    return now.Bytes - before.Bytes < Noise && now.Threads <= before.Threads + NoisyThreads
                        && now.OwnersThreads <= before.OwnersThreads && now.Descriptors <= before.Descriptors && now.FileMappings <= before.FileMappings;
                },
                TimeSpan.FromSeconds(5));
            Assert.That(isGone, Is.True, () => $"{when}: before {before}, now {Take()}");
        }
    }
}
