using System.Runtime.InteropServices;
using MagAlloc.Magazines;

namespace MagAlloc.Tests.Magazines;

[TestFixture]
public sealed unsafe class MagazineTests
{
    private byte* _magazine;

    [SetUp]
    public void Allocate()
    {
        _magazine = (byte*)NativeMemory.AlignedAlloc(Magazine.Bytes, Magazine.Bytes);
        new Span<byte>(_magazine, Magazine.Bytes).Fill(0xEE);
    }

    [TearDown]
    public void Free() => NativeMemory.AlignedFree(_magazine);

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(64)]
    [TestCase(127)]
    public void Fills_from_empty_to_full_and_back(int capacity)
    {
        nuint* top = Magazine.Attach(_magazine, capacity);
        for (int i = 0; i < capacity; i++)
        {
            Assert.That(Magazine.IsFull(top), Is.False);
            Assert.That(Magazine.Count(top, capacity), Is.EqualTo(i));
            *++top = (nuint)(i + 1);
        }

        Assert.That(Magazine.IsFull(top));
        Assert.That((nint)Magazine.Base(top), Is.EqualTo((nint)_magazine));
        for (int i = capacity; i > 0; i--)
        {
            Assert.That((long)*top--, Is.EqualTo(i));
        }

        Assert.That((long)*top, Is.Zero, "the bottom says empty");
        Assert.That((nint)top, Is.EqualTo((nint)Magazine.Bottom(_magazine, capacity)));
    }

    [Test]
    public void A_full_magazine_from_a_depot_has_its_link_replaced_by_the_bottom()
    {
        nuint* top = Magazine.AttachFull(_magazine, Magazine.Slots);

        Assert.That(Magazine.IsFull(top));
        Assert.That(Magazine.Count(top, Magazine.Slots), Is.EqualTo(Magazine.Slots));
        Assert.That(*(ulong*)_magazine, Is.Zero);
    }

    [Test]
    public void The_top_that_no_magazine_has_is_full() => Assert.That(Magazine.IsFull(Magazine.NoneFull));
}
