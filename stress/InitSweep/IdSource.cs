namespace MagAlloc.Stress.InitSweep;

/// <summary>A user's own source for a <see cref="MagazineCache{TSource}"/>: numbers from a book that knows how many are out.</summary>
internal readonly struct IdSource(IdSource.Book book) : IResourceSource
{
    public int Acquire(Span<ulong> resources)
    {
        for (int i = 0; i < resources.Length; i++)
            resources[i] = (ulong)Interlocked.Increment(ref book.Last);
        Interlocked.Add(ref book.Out, resources.Length);
        return resources.Length;
    }

    public void Release(ReadOnlySpan<ulong> resources) => Interlocked.Add(ref book.Out, -resources.Length);

    /// <summary>Shared by all copies of the struct.</summary>
    internal sealed class Book
    {
        public long Last;
        public long Out;
    }
}
