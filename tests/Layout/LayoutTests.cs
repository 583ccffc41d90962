using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using MagAlloc.Concurrency;
using MagAlloc.Magazines;
using MagAlloc.Slabs;
using MagAlloc.Tests.Architecture;

namespace MagAlloc.Tests.Layout;

/// <summary>Sizes and places that the fast path's arithmetic, or the caches of the processor, depend on.</summary>
[TestFixture]
public sealed unsafe class LayoutTests
{
    private const int Line = 64;

    // What the adjacent-line prefetcher brings along.
    private const int Separation = 128;

    [Test]
    public void A_magazine_is_1024_bytes_with_127_slots_and_one_header_word()
    {
        int bytes = Magazine.Bytes, shift = Magazine.Shift, slots = Magazine.Slots, lastSlot = Magazine.FullOffset;

        Assert.That(bytes, Is.EqualTo(1024));
        Assert.That(1 << shift, Is.EqualTo(bytes));
        Assert.That(slots, Is.EqualTo(127));
        Assert.That((slots + 1) * sizeof(nuint), Is.EqualTo(bytes));
        Assert.That(lastSlot, Is.EqualTo(bytes - sizeof(nuint)));
    }

    [Test]
    public void A_chunk_header_fills_one_cache_line() => Assert.That(sizeof(ChunkHeader), Is.EqualTo(Line));

    [Test]
    public void Two_depots_never_share_a_cache_line()
    {
        Assert.That(Unsafe.SizeOf<Depot>(), Is.EqualTo(Separation));
        (int First, int End)[] fields = [.. Fields(typeof(Depot))];
        int first = fields.Min(field => field.First), last = fields.Max(field => field.End) - 1;

        Assert.That(last - first, Is.LessThan(Line), "one depot's words fit a line");
        Assert.That(Separation - (last - first), Is.GreaterThan(Line), "wherever the array lies, two depots never share one");
    }

    [Test]
    public void A_padded_word_has_two_cache_lines_to_itself_on_both_sides()
    {
        (int first, int end) = Fields(typeof(PaddedLong)).Single();

        Assert.That(first, Is.GreaterThanOrEqualTo(Separation));
        Assert.That(Unsafe.SizeOf<PaddedLong>() - end + first, Is.GreaterThanOrEqualTo(Separation), "to the next one in an array");
        Assert.That(Unsafe.SizeOf<PaddedLong>() - end, Is.GreaterThanOrEqualTo(Separation - sizeof(long)), "to whatever lies behind");
    }

    [Test]
    public void Every_padded_type_of_the_engine_is_explicit_and_without_overlaps()
    {
        Type[] padded =
        [
            .. EngineAssemblies.All.SelectMany(library => library.GetTypes()).Where(type => type.StructLayoutAttribute is { Value: LayoutKind.Explicit }
                && type.IsValueType && !type.Name.StartsWith("__Static", StringComparison.Ordinal)),
        ];

        Assert.That(padded, Does.Contain(typeof(PaddedLong)).And.Contain(typeof(Depot)).And.Contain(typeof(ChunkHeader)));
        foreach (Type type in padded)
        {
            (int First, int End)[] fields = [.. Fields(type).OrderBy(field => field.First)];
            for (int i = 1; i < fields.Length; i++)
            {
                Assert.That(fields[i].First, Is.GreaterThanOrEqualTo(fields[i - 1].End), $"{type.Name}: a field lies on another");
            }

            Assert.That(fields[^1].End, Is.LessThanOrEqualTo(type.StructLayoutAttribute!.Size), type.Name);
        }
    }

    [Test]
    public void A_thread_cache_begins_with_128_bytes_and_its_entries_are_16_bytes_apart()
    {
        const int Codes = 100;
        var cache = (ThreadCache*)NativeMemory.AlignedAlloc(ThreadCache.BytesFor(Codes), ThreadCache.HeaderBytes);
        ThreadCache.Initialize(cache, engineId: 1, Codes);

        Assert.That(sizeof(ThreadCache), Is.EqualTo(128));
        Assert.That(sizeof(CacheEntry), Is.EqualTo(16));
        Assert.That((long)ThreadCache.Entry(cache, 0) - (long)cache, Is.EqualTo(128));
        Assert.That((long)ThreadCache.Entry(cache, 5) - (long)ThreadCache.Entry(cache, 4), Is.EqualTo(16));
        Assert.That((long)ThreadCache.RefillSize(cache, 0) - (long)ThreadCache.Entry(cache, Codes), Is.Zero);
        Assert.That((ulong)ThreadCache.BytesFor(Codes), Is.GreaterThanOrEqualTo(128 + (Codes * 16) + Codes));
        Assert.That((ulong)ThreadCache.BytesFor(Codes) % 128, Is.Zero);
        NativeMemory.AlignedFree(cache);
    }

    [Test]
    public void A_fresh_cache_is_empty_and_full_at_once_for_every_code()
    {
        var cache = (ThreadCache*)NativeMemory.AlignedAlloc(ThreadCache.BytesFor(3), ThreadCache.HeaderBytes);
        ThreadCache.Initialize(cache, engineId: 1, codes: 3);
        for (int code = 0; code < 3; code++)
        {
            Assert.That((ulong)*ThreadCache.Entry(cache, code)->Loaded, Is.Zero, "an allocation finds nothing");
            Assert.That(Magazine.IsFull(ThreadCache.Entry(cache, code)->Previous), "a free finds no room");
        }

        NativeMemory.AlignedFree(cache);
    }

    private static IEnumerable<(int First, int End)> Fields(Type type)
        => from field in type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)
           let first = field.GetCustomAttribute<FieldOffsetAttribute>()!.Value
           select (first, first + SizeOf(field.FieldType));

    private static int SizeOf(Type type)
        => type.IsPointer ? sizeof(nuint)
            : (int)typeof(Unsafe).GetMethod(nameof(Unsafe.SizeOf))!.MakeGenericMethod(type).Invoke(null, null)!;
}
