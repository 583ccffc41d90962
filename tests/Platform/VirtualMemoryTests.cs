using MagAlloc.Platform;

namespace MagAlloc.Tests.Platform;

[TestFixture]
public sealed unsafe class VirtualMemoryTests
{
    private const nuint KiB = 1024;
    private const nuint MiB = 1024 * KiB;
    private const nuint GiB = 1024 * MiB;

    [Test]
    public void Committed_pages_read_zero_and_keep_what_is_written()
    {
        using var range = new ReservedRange(MiB);
        Assert.That(VirtualMemory.Commit(range.Address, MiB), Is.True);

        var bytes = new Span<byte>(range.Address, (int)MiB);
        Assert.That(bytes.IndexOfAnyExcept((byte)0), Is.EqualTo(-1));

        bytes.Fill(0xA5);
        Assert.That(bytes.IndexOfAnyExcept((byte)0xA5), Is.EqualTo(-1));
    }

    [Test]
    public void Committing_again_keeps_the_contents()
    {
        using var range = new ReservedRange(MiB);
        Assert.That(VirtualMemory.Commit(range.Address, MiB), Is.True);
        new Span<byte>(range.Address, (int)MiB).Fill(7);

        Assert.That(VirtualMemory.Commit(range.Address, MiB), Is.True);

        Assert.That(new Span<byte>(range.Address, (int)MiB).IndexOfAnyExcept((byte)7), Is.EqualTo(-1));
    }

    [Test]
    public void A_part_can_be_committed_without_the_rest()
    {
        using var range = new ReservedRange(GiB);
        byte* middle = range.Address + (512 * MiB);

        Assert.That(VirtualMemory.Commit(middle, VirtualMemory.PageSize), Is.True);

        *middle = 1;
        Assert.That(*middle, Is.EqualTo(1));
    }

    [Test]
    public void Decommitted_pages_read_zero_when_they_are_used_again()
    {
        using var range = new ReservedRange(MiB);
        Assert.That(VirtualMemory.Commit(range.Address, MiB), Is.True);
        new Span<byte>(range.Address, (int)MiB).Fill(0xFF);

        Assert.That(VirtualMemory.Decommit(range.Address, MiB), Is.True);
        if (!VirtualMemory.DecommitKeepsAccess)
        {
            Assert.That(VirtualMemory.Commit(range.Address, MiB), Is.True);
        }

        var bytes = new Span<byte>(range.Address, (int)MiB);
        Assert.That(bytes.IndexOfAnyExcept((byte)0), Is.EqualTo(-1));
        bytes.Fill(1);
    }

    [Test]
    public void Decommitting_a_part_leaves_its_neighbours_alone()
    {
        nuint page = VirtualMemory.PageSize;
        using var range = new ReservedRange(3 * page);
        Assert.That(VirtualMemory.Commit(range.Address, 3 * page), Is.True);
        new Span<byte>(range.Address, (int)(3 * page)).Fill(9);

        Assert.That(VirtualMemory.Decommit(range.Address + page, page), Is.True);

        Assert.That(new Span<byte>(range.Address, (int)page).IndexOfAnyExcept((byte)9), Is.EqualTo(-1));
        Assert.That(new Span<byte>(range.Address + (2 * page), (int)page).IndexOfAnyExcept((byte)9), Is.EqualTo(-1));
    }

    [Test]
    public void Discarded_pages_stay_usable_and_read_zero()
    {
        using var range = new ReservedRange(MiB);
        Assert.That(VirtualMemory.Commit(range.Address, MiB), Is.True);
        var bytes = new Span<byte>(range.Address, (int)MiB);
        bytes.Fill(0xFF);

        Assert.That(VirtualMemory.Discard(range.Address, MiB), Is.True);

        Assert.That(bytes.IndexOfAnyExcept((byte)0), Is.EqualTo(-1));
        bytes.Fill(1);
    }

    [Test]
    [Platform("Linux")]
    public void Physical_memory_follows_touch_and_decommit()
    {
        // More pages than one question to the kernel covers.
        const nuint Size = 32 * MiB;
        using var range = new ReservedRange(Size);
        Assert.That(VirtualMemory.ResidentBytes(range.Address, Size), Is.Zero);

        Assert.That(VirtualMemory.Commit(range.Address, Size), Is.True);
        Assert.That(VirtualMemory.ResidentBytes(range.Address, Size), Is.Zero, "committed, not yet touched");

        new Span<byte>(range.Address, (int)Size).Fill(1);
        Assert.That(VirtualMemory.ResidentBytes(range.Address, Size), Is.EqualTo((long)Size));

        Assert.That(VirtualMemory.Decommit(range.Address, Size / 2), Is.True);
        Assert.That(VirtualMemory.ResidentBytes(range.Address, Size), Is.EqualTo((long)Size / 2));
    }

    [Test]
    [Platform("Linux")]
    public void A_released_range_is_no_longer_mapped()
    {
        void* address = VirtualMemory.Reserve(GiB, GiB);
        Assert.That((ulong)address, Is.Not.Zero);

        Assert.That(VirtualMemory.Release(address, GiB), Is.True);

        Assert.That(MappedLines((nuint)address, GiB), Is.Empty);
    }

    [Test]
    [Platform("Linux")]
    public void An_aligned_reservation_keeps_nothing_beyond_its_ends()
    {
        using var range = new ReservedRange(MiB, GiB);
        Assert.That(VirtualMemory.Commit(range.Address, MiB), Is.True);

        // Committed, so that it is a mapping of its own; the ends that were cut off would be the neighbours.
        string[] lines = MappedLines((nuint)range.Address, MiB);

        Assert.That(lines, Has.Length.EqualTo(1));
        Assert.That(lines[0], Does.StartWith($"{(nuint)range.Address:x}-{(nuint)range.Address + MiB:x} rw-p"));
    }

    [TestCase(4 * 1024)]
    [TestCase(64 * 1024)]
    [TestCase(2 * 1024 * 1024)]
    [TestCase(1024 * 1024 * 1024)]
    public void Reservations_are_aligned(int alignment)
    {
        for (int round = 0; round < 8; round++)
        {
            // Odd sizes, so that the next mapping the system would choose by itself is rarely aligned.
            nuint size = MiB + ((nuint)round * VirtualMemory.PageSize);
            using var range = new ReservedRange(size, (nuint)alignment);
            using var spacer = new ReservedRange(VirtualMemory.PageSize);

            Assert.That((ulong)range.Address % (ulong)alignment, Is.Zero);
            Assert.That(VirtualMemory.Commit(range.Address, size), Is.True);
            range.Address[0] = 1;
            range.Address[size - 1] = 1;
        }
    }

    [Test]
    public void A_large_arena_costs_no_memory()
    {
        nuint size = 256;
        size *= GiB;
        using var range = new ReservedRange(size, 2 * MiB);
        byte* last = range.Address + size - VirtualMemory.PageSize;

        Assert.That(VirtualMemory.Commit(last, VirtualMemory.PageSize), Is.True);

        *last = 1;
        Assert.That(*last, Is.EqualTo(1));
    }

    // 2^56 bytes are more than any processor of today addresses; the other sizes overflow when the alignment is added.
    [TestCase(1UL << 56, 4096UL)]
    [TestCase(1UL << 56, 1UL << 30)]
    [TestCase(ulong.MaxValue - 4095, 4096UL)]
    [TestCase(ulong.MaxValue - 4095, 1UL << 30)]
    [TestCase(1UL << 63, 1UL << 63)]
    public void An_absurd_size_is_refused_with_null_and_a_reason(ulong size, ulong alignment)
    {
        void* address = VirtualMemory.Reserve((nuint)size, (nuint)alignment);
        int error = VirtualMemory.LastError;

        Assert.That((ulong)address, Is.Zero);
        Assert.That(error, Is.Not.Zero);
    }

    [Test]
    public void The_exception_for_a_refusal_says_what_who_and_why()
    {
        var exception = new PlatformException("mmap", 12, "Raise the limit.");

        Assert.That(exception.Call, Is.EqualTo("mmap"));
        Assert.That(exception.Error, Is.EqualTo(12));
        Assert.That(exception.Message, Does.StartWith("mmap failed: ").And.Contain("(error 12)").And.EndWith("Raise the limit."));
    }

    [Test]
    public void Threads_may_reserve_and_release_at_once()
    {
        Assert.That(
            () => Parallel.For(0, 400, _ =>
            {
                using var range = new ReservedRange(MiB, 2 * MiB);
                if (!VirtualMemory.Commit(range.Address, MiB))
                {
                    throw new InvalidOperationException("commit was refused");
                }

                range.Address[0] = 1;
            }),
            Throws.Nothing);
    }

    private static string[] MappedLines(nuint address, nuint bytes)
    {
        return File.ReadAllLines("/proc/self/maps").Where(Overlaps).ToArray();

        bool Overlaps(string line)
        {
            string[] ends = line.Split(' ')[0].Split('-');
            return Convert.ToUInt64(ends[0], 16) < address + bytes && Convert.ToUInt64(ends[1], 16) > address;
        }
    }
}
