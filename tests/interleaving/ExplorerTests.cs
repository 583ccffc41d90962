using System.Runtime.InteropServices;
using MagAlloc.Concurrency;
using MagAlloc.Interleaving.Exploration;

namespace MagAlloc.Interleaving;

/// <summary>The explorer finds what it is for, in programs known to be wrong, and nothing in those known to be right.</summary>
[TestFixture]
public sealed unsafe class ExplorerTests
{
    private nuint* _words;

    [SetUp]
    public void Allocate() => _words = (nuint*)NativeMemory.AllocZeroed(16, 8);

    [TearDown]
    public void Free() => NativeMemory.Free(_words);

    [Test]
    public void Finds_a_lost_update()
    {
        Assert.That(() => Explore.Exhaustively(LostUpdate), Throws.TypeOf<InterleavingException>());
    }

    [Test]
    public void Finds_a_lost_update_at_random_and_again_by_its_schedule()
    {
        InterleavingException found = Assert.Throws<InterleavingException>(() => Explore.Randomly(LostUpdate, 200))!;
        string schedule = found.Message[(found.Message.IndexOf("schedule: ", StringComparison.Ordinal) + 10)..];

        Assert.That(() => Explore.Again(LostUpdate, schedule), Throws.TypeOf<InterleavingException>());
    }

    [Test]
    public void Tries_all_interleavings_of_two_threads_of_three_steps()
    {
        // Three steps and an end each: with enough preemptions every merge of two sequences of three, 6! / (3! 3!).
        HashSet<string> orders = [];
        Explore.Exhaustively(
            () =>
            {
                List<int> order = [];
                return new Scenario
                {
                    Threads = [.. Enumerable.Range(0, 2).Select<int, Action>(id => () =>
                    {
                        for (int i = 0; i < 3; i++)
                        {
                            Atomic.Load(ref _words[0]);
                            order.Add(id);
                        }
                    })],
                    Check = () => orders.Add(string.Concat(order)),
                };
            },
            preemptions: 5);

        Assert.That(orders, Has.Count.EqualTo(20));
    }

    [Test]
    public void Finds_a_message_that_overtakes_its_contents()
    {
        Assert.That(() => Explore.Exhaustively(() => Message(releases: false)), Throws.TypeOf<InterleavingException>());
    }

    [Test]
    public void Lets_no_store_pass_a_release()
    {
        Explore.Exhaustively(() => Message(releases: true), preemptions: 3, flushes: 3);
        Explore.Randomly(() => Message(releases: true), 500);
    }

    [Test]
    public void A_thread_sees_its_own_held_stores()
    {
        Explore.Exhaustively(() =>
        {
            *_words = 0;
            return new Scenario
            {
                Threads =
                [
                    () =>
                    {
                        Atomic.StoreRelaxed(ref _words[0], 1);
                        Must.Be((long)Atomic.Load(ref _words[0]), 1);
                        Atomic.StoreRelaxed(ref _words[0], 2);
                        Must.Be((long)_words[0], 2);
                    },
                    () => Must.Hold(Atomic.Load(ref _words[0]) <= Atomic.Load(ref _words[0])),
                ],
                Check = () => Must.Be((long)_words[0], 2),
            };
        });
    }

    [TestCase(false)]
    [TestCase(true)]
    public void Finds_both_threads_in_the_room_unless_a_fence_orders_their_looks(bool fenced)
    {
        if (fenced)
        {
            Explore.Exhaustively(() => Dekker(true), preemptions: 3);
        }
        else
        {
            Assert.That(() => Explore.Exhaustively(() => Dekker(false)), Throws.TypeOf<InterleavingException>());
        }
    }

    [Test]
    public void Takes_a_loop_without_end_for_a_livelock()
    {
        Assert.That(
            () => Explore.Exhaustively(() => new Scenario
            {
                Threads =
                [
                    () =>
                    {
                        while (Atomic.Load(ref _words[1]) == 0)
                        {
                        }
                    },
                ],
            }),
            Throws.TypeOf<InterleavingException>().With.Message.Contains("livelock"));
    }

    [Test]
    public void Stopping_a_lock_holder_forever_is_found()
    {
        Assert.That(
            () => Explore.StoppingOneForever(() =>
            {
                _words[0] = 0;
                return new Scenario { Threads = [UnderALock, UnderALock] };
            }),
            Throws.TypeOf<InterleavingException>().With.Message.Contains("stopped before step 2"));
    }

    [Test]
    public void Stopping_a_thread_of_a_lock_free_program_is_not()
    {
        int steps = Explore.StoppingOneForever(() =>
        {
            long counted = 0;
            Action count = () =>
            {
                Atomic.Increment(ref counted);
                Atomic.Increment(ref counted);
            };
            return new Scenario { Threads = [count, count], Check = () => Must.Hold(counted >= 2) };
        });

        Assert.That(steps, Is.EqualTo(2));
    }

    private Scenario LostUpdate()
    {
        *_words = 0;
        Action increment = () => Atomic.Store(ref _words[0], Atomic.Load(ref _words[0]) + 1);
        return new Scenario { Threads = [increment, increment], Check = () => Must.Be((long)_words[0], 2) };
    }

    private Scenario Message(bool releases)
    {
        _words[0] = 0;
        _words[8] = 0;
        return new Scenario
        {
            Threads =
            [
                () =>
                {
                    Atomic.StoreRelaxed(ref _words[0], 42);
                    if (releases)
                    {
                        Atomic.Store(ref _words[8], 1);
                    }
                    else
                    {
                        Atomic.StoreRelaxed(ref _words[8], 1);
                    }

                    Atomic.Load(ref _words[9]);
                },
                () => Must.Hold(Atomic.Load(ref _words[8]) == 0 || Atomic.Load(ref _words[0]) == 42),
            ],
        };
    }

    private Scenario Dekker(bool fenced)
    {
        byte* flags = (byte*)_words;
        flags[0] = flags[1] = 0;
        int inside = 0;
        Action Enter(int me) => () =>
        {
            Atomic.Store(ref flags[me], 1);
            if (fenced)
            {
                Atomic.Fence();
            }

            bool alone = Atomic.Load(ref flags[1 - me]) == 0;
            inside += alone ? 1 : 0;
        };
        return new Scenario
        {
            Threads = [Enter(0), Enter(1)],
            Watched = flags,
            WatchedBytes = 2,
            Check = () => Must.Hold(inside <= 1),
        };
    }

    private void UnderALock()
    {
        while (Atomic.Exchange(ref _words[0], (nuint)1) != 0)
        {
        }

        Atomic.Store(ref _words[0], 0);
    }
}
