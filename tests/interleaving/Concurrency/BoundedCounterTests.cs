using MagAlloc.Concurrency;
using MagAlloc.Interleaving.Exploration;

namespace MagAlloc.Interleaving.Concurrency;

[TestFixture]
public sealed class BoundedCounterTests
{
    [Test]
    public void The_limit_holds_at_every_moment()
        => Explore.Exhaustively(
            () =>
            {
                var counter = new BoundedCounter(3);
                Action add = () =>
                {
                    if (counter.TryAdd(2))
                    {
                        counter.Subtract(2);
                    }
                };
                return new Scenario
                {
                    Threads =
                    [
                        add,
                        add,
                        () =>
                        {
                            Must.Hold(counter.Value <= 3);
                            Must.Hold(counter.Value <= 3);
                        },
                    ],
                    Check = () =>
                    {
                        Must.Be(counter.Value, 0);
                        Must.Be(counter.Peak, 2);
                    },
                };
            },
            preemptions: 3);

    [Test]
    public void A_request_that_fits_is_not_refused_because_another_one_does_not()
        => Explore.Exhaustively(
            () =>
            {
                var counter = new BoundedCounter(3);
                int large = 0;
                bool small = false;
                Action add = () =>
                {
                    bool added = counter.TryAdd(2);
                    large += added ? 1 : 0;
                };
                return new Scenario
                {
                    Threads = [add, add, () => small = counter.TryAdd(1)],
                    Check = () =>
                    {
                        Must.Hold(small, "1 fits beside whichever 2 came first");
                        Must.Be(large, 1);
                        Must.Be(counter.Value, 3);
                        Must.Be(counter.Peak, 3);
                    },
                };
            },
            preemptions: 3);

    [Test]
    public void A_thread_stopped_forever_stops_nobody()
        => Explore.StoppingOneForever(() =>
        {
            var counter = new BoundedCounter(100);
            Action work = () =>
            {
                for (int i = 0; i < 3; i++)
                {
                    Must.Hold(counter.TryAdd(2));
                    counter.Subtract(2);
                }
            };
            return new Scenario { Threads = [work, work, work], Check = () => Must.Hold(counter.Value is 0 or 2) };
        });
}
