namespace MagAlloc.Tests.Platform;

[TestFixture]
[Platform("Linux")]
public sealed class ThreadAffinityTests
{
    [Test]
    public void The_process_has_allowed_cpus_in_ascending_order()
    {
        Assert.That(ThreadAffinity.AllowedCpus, Is.Not.Empty);
        Assert.That(ThreadAffinity.AllowedCpus, Is.Ordered.And.Unique);
        Assert.That(ThreadAffinity.AllowedCpus, Does.Contain(ThreadAffinity.CurrentCpu));
    }

    [Test]
    public void The_allowed_cpus_are_those_the_kernel_reports()
    {
        string line = File.ReadLines("/proc/self/status").First(text => text.StartsWith("Cpus_allowed_list:", StringComparison.Ordinal));

        Assert.That(ThreadAffinity.AllowedCpus, Is.EqualTo(ParseList(line.Split(':')[1].Trim())));
    }

    [Test]
    public void The_allowed_cpus_cannot_be_changed_by_a_caller()
    {
        Assert.That(ThreadAffinity.AllowedCpus, Is.Not.InstanceOf<int[]>());
    }

    [Test]
    public void A_pinned_thread_runs_on_its_cpu_alone()
    {
        foreach (int cpu in ThreadAffinity.AllowedCpus)
        {
            OnOwnThread(() =>
            {
                using PinnedThread pin = ThreadAffinity.Pin(cpu);
                for (int round = 0; round < 100; round++)
                {
                    Assert.That(ThreadAffinity.CurrentCpu, Is.EqualTo(cpu));
                    Thread.Yield();
                }

                Assert.That(ThreadAffinity.OfThread().ToArray(), Is.EqualTo(new[] { cpu }));
            });
        }
    }

    [Test]
    public void Disposing_restores_what_the_thread_had_before()
    {
        OnOwnThread(() =>
        {
            int[] before = ThreadAffinity.OfThread().ToArray();
            using (ThreadAffinity.Pin(ThreadAffinity.AllowedCpus[^1]))
            {
                Assert.That(ThreadAffinity.OfThread().Count, Is.EqualTo(1));
            }

            Assert.That(ThreadAffinity.OfThread().ToArray(), Is.EqualTo(before));
        });
    }

    [Test]
    public void Pins_nest()
    {
        int first = ThreadAffinity.AllowedCpus[0];
        int last = ThreadAffinity.AllowedCpus[^1];
        OnOwnThread(() =>
        {
            using PinnedThread outer = ThreadAffinity.Pin(first);
            using (ThreadAffinity.Pin(last))
            {
                Assert.That(ThreadAffinity.CurrentCpu, Is.EqualTo(last));
            }

            Assert.That(ThreadAffinity.OfThread().ToArray(), Is.EqualTo(new[] { first }));
        });
    }

    [Test]
    public void Disposing_twice_or_of_nothing_does_nothing()
    {
        OnOwnThread(() =>
        {
            int[] before = ThreadAffinity.OfThread().ToArray();
            PinnedThread pin = ThreadAffinity.Pin(ThreadAffinity.AllowedCpus[0]);
            pin.Dispose();
            pin.Dispose();
            default(PinnedThread).Dispose();

            Assert.That(ThreadAffinity.OfThread().ToArray(), Is.EqualTo(before));
        });
    }

    [Test]
    public void A_pin_concerns_the_calling_thread_only()
    {
        OnOwnThread(() =>
        {
            int[] other = [];
            using (var gate = new ManualResetEventSlim())
            {
                var bystander = new Thread(() =>
                {
                    gate.Wait();
                    other = ThreadAffinity.OfThread().ToArray();
                });
                bystander.Start();
                using PinnedThread pin = ThreadAffinity.Pin(ThreadAffinity.AllowedCpus[0]);
                gate.Set();
                bystander.Join();
            }

            Assert.That(other, Is.EqualTo(ThreadAffinity.AllowedCpus));
        });
    }

    [TestCase(-1)]
    [TestCase(int.MinValue)]
    [TestCase(int.MaxValue)]
    [TestCase(1_000_000)]
    public void Pinning_to_a_cpu_that_is_not_allowed_is_refused(int cpu)
    {
        Assert.That(
            () => ThreadAffinity.Pin(cpu).Dispose(),
            Throws.TypeOf<ArgumentOutOfRangeException>()
                .With.Property(nameof(ArgumentException.ParamName)).EqualTo("cpu")
                .And.Message.Contains("This process may run on CPUs "));
    }

    // A pin must not outlive its test: each runs on a thread that ends with it.
    private static void OnOwnThread(Action body)
    {
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                body();
            }
            catch (Exception exception)
            {
                failure = exception;
            }
        });
        thread.Start();
        thread.Join();
        if (failure is not null)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
        }
    }

    private static int[] ParseList(string list) =>
        list.Split(',')
            .Select(part => part.Split('-').Select(int.Parse).ToArray())
            .SelectMany(ends => Enumerable.Range(ends[0], ends[^1] - ends[0] + 1))
            .ToArray();
}
