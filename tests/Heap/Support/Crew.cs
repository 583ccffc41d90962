using System.Collections.Concurrent;

namespace MagAlloc.Tests.Heap.Support;

/// <summary>Runs threads from a common start gate, joins them within a limit and reports the first failure.</summary>
internal static class Crew
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);

    public static void Run(int count, Action<int> body) => Finish(Start(count, body));

    /// <summary>One thread that has ended when this returns.</summary>
    public static void RunOne(Action body) => Run(1, _ => body());

    public static Handle Start(int count, Action<int> body)
    {
        Handle handle = new(count);
        for (int i = 0; i < count; i++)
        {
            int index = i;
            Thread thread = new(() =>
            {
                try
                {
                    handle.Gate.Wait();
                    body(index);
                }
                catch (Exception e)
                {
                    handle.Errors.Enqueue(e);
                }
            })
            {
                IsBackground = true,
                Name = $"crew {index}",
            };
            handle.Threads[i] = thread;
            thread.Start();
        }

        handle.Gate.Set();
        return handle;
    }

    public static void Finish(Handle handle)
    {
        DateTime end = DateTime.UtcNow + s_limit;
        foreach (Thread thread in handle.Threads)
        {
            TimeSpan left = end - DateTime.UtcNow;
            if (!thread.Join(left > TimeSpan.Zero ? left : TimeSpan.Zero))
            {
                Assert.Fail($"{thread.Name} still runs after {s_limit.TotalSeconds} s. Errors: {string.Join("; ", handle.Errors)}");
            }
        }

        if (!handle.Errors.IsEmpty)
        {
            throw new AggregateException("a thread failed", handle.Errors);
        }
    }

    /// <summary>Polls until <paramref name="condition"/> holds; false when it did not within <paramref name="limit"/>.</summary>
    public static bool Eventually(Func<bool> condition, TimeSpan limit)
    {
        System.Diagnostics.Stopwatch watch = System.Diagnostics.Stopwatch.StartNew();
        while (!condition())
        {
            if (watch.Elapsed > limit)
            {
                return condition();
            }

            Thread.Sleep(5);
        }

        return true;
    }

    internal sealed class Handle(int count)
    {
        public Thread[] Threads { get; } = new Thread[count];

        public ManualResetEventSlim Gate { get; } = new(false);

        public ConcurrentQueue<Exception> Errors { get; } = new();
    }
}
