using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using MagAlloc.Bench.Contenders;
using MagAlloc.Bench.Workloads;
using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Bench.Workloads;

/// <summary>The parts that workloads share.</summary>
public sealed unsafe class WorkloadPartsTests
{
    [Test]
    public void A_dynasty_runs_each_generation_on_a_thread_of_its_own_and_all_have_ended()
    {
        ConcurrentQueue<Thread> threads = [];

        Dynasty.Run(20, () => threads.Enqueue(Thread.CurrentThread));

        Assert.That(threads, Has.Count.EqualTo(20));
        Assert.That(threads, Is.Unique);
        Assert.That(threads.Where(thread => thread.IsAlive), Is.Empty);
    }

    [Test]
    public void A_failure_in_a_generation_comes_out_and_ends_the_line()
    {
        int lives = 0;

        Assert.That(
            () => Dynasty.Run(20, () =>
            {
                if (++lives == 3)
                    throw new InvalidOperationException("the third");
            }),
            Throws.InvalidOperationException.With.Message.EqualTo("the third"));
        Assert.That(lives, Is.EqualTo(3));
    }

    [Test]
    public void Lanes_wait_for_each_other_round_after_round()
    {
        const int Rounds = 200;
        LaneBarrier barrier = new(3);
        int arrived = 0;
        int early = 0;

        Crew.Run(3, _ =>
        {
            for (int round = 1; round <= Rounds; round++)
            {
                Interlocked.Increment(ref arrived);
                barrier.Await();
                if (Volatile.Read(ref arrived) < 3 * round)
                    Interlocked.Increment(ref early);
                barrier.Await();
            }
        });

        Assert.That(early, Is.Zero);
        Assert.That(arrived, Is.EqualTo(3 * Rounds));
    }

    [Test]
    public void An_abandoned_barrier_lets_nobody_wait()
    {
        LaneBarrier barrier = new(3);
        Crew.Handle waiting = Crew.Start(1, _ => Assert.That(barrier.Await, Throws.TypeOf<OperationCanceledException>()));

        barrier.Abandon();

        Crew.Finish(waiting);
        Assert.That(barrier.Await, Throws.TypeOf<OperationCanceledException>());
    }

    [Test]
    public void Batches_reach_any_consumer_and_come_back()
    {
        const int Batches = 500;
        BatchExchange<int[]> exchange = new(4, () => new int[1]);
        int sum = 0;

        Crew.Run(4, worker =>
        {
            for (int i = 1; i <= Batches; i++)
            {
                if (worker % 2 == 0)
                {
                    int[] batch = exchange.TakeEmpty();
                    batch[0] = i;
                    exchange.PutFull(batch);
                }
                else
                {
                    int[] batch = exchange.TakeFull();
                    Interlocked.Add(ref sum, batch[0]);
                    exchange.PutEmpty(batch);
                }
            }
        });

        Assert.That(sum, Is.EqualTo(2 * (Batches * (Batches + 1) / 2)));
    }

    [Test]
    public void An_abandoned_exchange_lets_nobody_wait()
    {
        BatchExchange<int[]> exchange = new(1, () => new int[1]);
        Crew.Handle waiting = Crew.Start(1, _ => Assert.That(exchange.TakeFull, Throws.TypeOf<OperationCanceledException>()));

        exchange.Abandon();

        Crew.Finish(waiting);
    }

    [Test]
    public void Shared_slots_exchange_addresses_and_references()
    {
        SharedSlots<AddressBlock> addresses = new(2);
        Assert.That(addresses.Exchange(1, new AddressBlock((void*)64)).IsNone, Is.True);
        Assert.That((nint)addresses.Exchange(1, default).Address, Is.EqualTo((nint)64));
        Assert.That(addresses.Exchange(1, default).IsNone, Is.True);

        SharedSlots<ArrayBlock> arrays = new(1);
        byte[] array = new byte[4];
        Assert.That(arrays.Exchange(0, new ArrayBlock(array)).IsNone, Is.True);
        Assert.That(arrays.Exchange(0, default).Array, Is.SameAs(array));
    }

    [Test]
    public void A_changed_word_is_found([Values(1, 2, 41)] int words, [Values(0, 1, 40)] int changed)
    {
        ulong* memory = (ulong*)NativeMemory.Alloc((nuint)words, sizeof(ulong));
        try
        {
            AddressBlock block = new(memory);
            WordPattern.Write(block, words);
            Assert.That(() => WordPattern.Verify(block), Throws.Nothing);

            if (changed >= words)
                return;
            memory[changed] ^= 1UL << 63;
            Assert.That(() => WordPattern.Verify(block), Throws.InvalidOperationException);
        }
        finally
        {
            NativeMemory.Free(memory);
        }
    }

    [Test]
    public void Generators_of_different_numbers_differ_and_stay_below_their_bound()
    {
        XorShift64[] generators = [.. Enumerable.Range(-2, 40).Select(number => XorShift64.Numbered(number))];
        Assert.That(generators.Select(generator => generator.Next()), Is.Unique);

        int[] upper = new int[10];
        int[] middle = new int[10];
        for (int i = 0; i < 10_000; i++)
        {
            ulong number = generators[0].Next();
            upper[XorShift64.UpperBelow(number, 10)]++;
            middle[XorShift64.MiddleBelow(number, 10)]++;
        }

        Assert.That(upper, Is.All.InRange(800, 1200));
        Assert.That(middle, Is.All.InRange(800, 1200));
    }
}
