namespace MagAlloc.Tests.Heap.Support;

/// <summary>Hands out numbers; on request it falls asleep in the middle of it.</summary>
internal readonly struct SleepySource(SleepySource.Book book) : IResourceSource
{
    public int Acquire(Span<ulong> resources)
    {
        if (book.IsSleepy)
        {
            book.IsSleepy = false;
            book.IsAsleep.Set();
            book.WakeUp.Wait();
        }

        return book.Take(resources);
    }

    public void Release(ReadOnlySpan<ulong> resources) => book.Put(resources);

    public sealed class Book
    {
        private readonly Stack<ulong> _home = new();

        public Book(int count)
        {
            for (int i = 0; i < count; i++)
            {
                _home.Push((ulong)i);
            }
        }

        public bool IsSleepy { get; set; }

        public ManualResetEventSlim IsAsleep { get; } = new();

        public ManualResetEventSlim WakeUp { get; } = new();

        public int Home
        {
            get
            {
                lock (_home)
                {
                    return _home.Count;
                }
            }
        }

        public int Take(Span<ulong> into)
        {
            lock (_home)
            {
                int count = Math.Min(into.Length, _home.Count);
                for (int i = 0; i < count; i++)
                {
                    into[i] = _home.Pop();
                }

                return count;
            }
        }

        public void Put(ReadOnlySpan<ulong> resources)
        {
            lock (_home)
            {
                foreach (ulong resource in resources)
                {
                    _home.Push(resource);
                }
            }
        }
    }
}
