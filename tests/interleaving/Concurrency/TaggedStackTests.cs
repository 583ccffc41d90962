using MagAlloc.Interleaving.Exploration;

namespace MagAlloc.Interleaving.Concurrency;

[TestFixture]
public sealed class TaggedStackTests
{
    [Test]
    public void A_popped_and_pushed_back_top_does_not_deceive_a_popper()
    {
        // The classic ABA: thread 0 has read the top and the node below; the top comes back, the one below does not.
        Explore.Exhaustively(() => Stack(4, [2, 1, 0], Pop, stack =>
        {
            stack.TryPop(out uint top);
            stack.TryPop(out _);
            stack.Push(top);
        }));
    }

    [Test]
    public void A_top_that_comes_back_three_times_does_not_either()
        => Explore.Exhaustively(
            () => Stack(
                4,
                [2, 1, 0],
                PopTwice,
                stack =>
                {
                    for (int i = 0; i < 3 && stack.TryPop(out uint top); i++)
                    {
                        stack.TryPop(out _);
                        stack.Push(top);
                    }
                }),
            preemptions: 3);

    [Test]
    public void Two_pushers_lose_no_node() => Explore.Exhaustively(() => Stack(4, [0], Push(1), Push(2), Push(3)), preemptions: 3);

    [Test]
    public void Poppers_never_get_the_same_node() => Explore.Exhaustively(() => Stack(3, [0, 1, 2], Pop, Pop, PopTwice), preemptions: 3);

    [Test]
    public void A_popper_sees_the_link_that_the_pusher_wrote()
        => Explore.Exhaustively(() => Stack(3, [0], Push(1), Push(2), PopTwice), preemptions: 2, flushes: 3);

    [Test]
    public void Three_threads_that_pop_and_push_keep_every_node()
    {
        Explore.Exhaustively(() => Stack(3, [0, 1, 2], PopAndPush, PopAndPush, PopAndPush));
        Explore.Randomly(() => Stack(4, [0, 1, 2, 3], PopAndPush, PopTwiceAndPush, PopTwiceAndPush), 5_000);
    }

    [Test]
    public void A_popper_stopped_forever_stops_nobody()
        => Explore.StoppingOneForever(() => Stack(4, [0, 1, 2, 3], missing: 1, Pop, PopTwiceAndPush, PopTwiceAndPush));

    [Test]
    public void A_pusher_stopped_forever_stops_nobody()
        => Explore.StoppingOneForever(() => Stack(4, [0, 1, 2], missing: 1, Push(3), PopTwiceAndPush, PopTwiceAndPush));

    private static void Pop(NativeStack stack) => stack.TryPop(out _);

    private static void PopTwice(NativeStack stack)
    {
        stack.TryPop(out _);
        stack.TryPop(out _);
    }

    private static void PopAndPush(NativeStack stack)
    {
        if (stack.TryPop(out uint node))
        {
            stack.Push(node);
        }
    }

    private static void PopTwiceAndPush(NativeStack stack)
    {
        bool first = stack.TryPop(out uint one);
        if (stack.TryPop(out uint other))
        {
            stack.Push(other);
        }

        if (first)
        {
            stack.Push(one);
        }
    }

    private static Action<NativeStack> Push(uint node) => stack => stack.Push(node);

    private static Scenario Stack(int nodes, uint[] pushed, params Action<NativeStack>[] threads) => Stack(nodes, pushed, 0, threads);

    private static Scenario Stack(int nodes, uint[] pushed, int missing, params Action<NativeStack>[] threads)
    {
        var stack = new NativeStack(nodes);
        foreach (uint node in pushed)
        {
            stack.Push(node);
        }

        return new Scenario
        {
            Threads = [.. threads.Select<Action<NativeStack>, Action>(thread => () => thread(stack))],
            Check = () => stack.CheckBooks(missing),
            Cleanup = stack.Dispose,
        };
    }
}
