using MagAlloc.Interleaving.Exploration;

namespace MagAlloc.Interleaving.Magazines;

[TestFixture]
public sealed class ClassTraceTests
{
    [Test]
    public void Each_exchange_is_told_once_and_under_the_number_of_who_made_it()
    {
        Explore.Exhaustively(() => Over(trace => trace.Tell(), trace => trace.TakeOver(2)), preemptions: 3);
        Explore.Exhaustively(() => Over(trace => trace.Tell(), trace => trace.Tell(), trace => trace.TakeOver(1)));
        Explore.Randomly(() => Over(trace => trace.Tell(), trace => trace.Tell(), trace => trace.TakeOver(3)), 2_000);
    }

    [Test]
    public void A_teller_stopped_forever_stops_nobody()
        => Explore.StoppingOneForever(() => Over(stopped: true, trace => trace.Tell(), trace => trace.TakeOver(2), trace => trace.Tell()));

    private static Scenario Over(params Action<ClassTraceWorld>[] threads) => Over(stopped: false, threads);

    private static Scenario Over(bool stopped, params Action<ClassTraceWorld>[] threads)
    {
        ClassTraceWorld trace = new();
        return new()
        {
            Threads = [.. threads.Select<Action<ClassTraceWorld>, Action>(thread => () => thread(trace))],
            Check = () => trace.Check(stopped),
            Cleanup = trace.Dispose,
        };
    }
}
