using System.Globalization;
using System.Runtime.Versioning;
using MagAlloc.Platform;
using MagAlloc.Sharing.Platform;

namespace MagAlloc.Tests.Platform;

/// <summary>Mappings of files: where they are, and what becomes of their addresses.</summary>
[Platform("Linux")]
[SupportedOSPlatform("linux")]
public sealed unsafe class FileMappingTests
{
    private static nuint Bytes => (nuint)MemoryFile.Bytes;

    [Test]
    public void A_vacated_mapping_keeps_its_addresses_and_nothing_else()
    {
        using FileDescriptor file = MemoryFile.Create();
        byte* mapping = MemoryFile.Map(file, writable: true);
        Assert.That(FileMapping.TryVacate(mapping, Bytes), Is.True);
        Assert.That(RightsAt(mapping), Is.EqualTo("---p"));
        Assert.That(MemoryFiles.TryAddSeals(file, MemoryFiles.SealWrite), Is.True, "nobody has the file mapped for writing any more");
        MemoryFile.Unmap(mapping);
    }

    [Test]
    public void What_was_vacated_can_be_mapped_there_again()
    {
        using FileDescriptor file = MemoryFile.Create();
        byte* mapping = MemoryFile.Map(file, writable: true);
        mapping[5] = 5;
        FileMapping.TryVacate(mapping, Bytes);
        Assert.That(FileMapping.TryMapAt(mapping, Bytes, file), Is.True);
        Assert.That(RightsAt(mapping), Is.EqualTo("rw-s"));
        Assert.That(mapping[5], Is.EqualTo(5));
        MemoryFile.Unmap(mapping);
    }

    [Test]
    public void A_sealed_file_is_mapped_there_for_reading()
    {
        using FileDescriptor file = MemoryFile.Create();
        byte* mapping = MemoryFile.Map(file, writable: true);
        mapping[5] = 5;
        FileMapping.TryVacate(mapping, Bytes);
        MemoryFiles.TryAddSeals(file, MemoryFiles.SealWrite);
        Assert.That(FileMapping.TryMapAt(mapping, Bytes, file), Is.False);
        Assert.That(VirtualMemory.LastError, Is.EqualTo(LinuxError.NotPermitted));
        Assert.That(FileMapping.TryMapReadOnlyAt(mapping, Bytes, file), Is.True);
        Assert.That(RightsAt(mapping), Is.EqualTo("r--p"));
        Assert.That(mapping[5], Is.EqualTo(5));
        MemoryFile.Unmap(mapping);
    }

    [TestCase(2 << 20)]
    [TestCase(64 << 10)]
    public void A_mapping_lies_where_huge_pages_would(int alignment)
    {
        using FileDescriptor file = MemoryFile.Create();
        OpenFiles before = OpenFiles.Count();
        for (int i = 0; i < 5; i++)
        {
            byte* mapping = FileMapping.Map(file, Bytes, writable: false, (nuint)alignment);
            Assert.That((long)mapping % alignment, Is.Zero);
            MemoryFile.Unmap(mapping);
        }

        before.AssertNothingMore();
    }

    [TestCase(0)]
    [TestCase(2 << 20)]
    public void A_refusal_leaves_nothing_mapped_and_says_why(int alignment)
    {
        using FileDescriptor file = MemoryFile.Create();
        using FileDescriptor reader = MemoryFile.Reopen(file);
        int before = File.ReadLines("/proc/self/maps").Count();
        for (int i = 0; i < 50; i++)
        {
            Assert.That(FileMapping.Map(reader, Bytes, writable: true, (nuint)alignment) == null, Is.True);
            Assert.That(VirtualMemory.LastError, Is.EqualTo(LinuxError.AccessDenied));
        }

        Assert.That(File.ReadLines("/proc/self/maps").Count(), Is.LessThan(before + 40));
    }

    [Test]
    public void What_no_address_space_holds_is_refused()
    {
        using FileDescriptor file = MemoryFiles.Create("test", reservedHugePages: false)!;
        Assert.That(MemoryFiles.TrySetLength(file, 1L << 60), Is.True);
        Assert.That(FileMapping.Map(file, (nuint)1 << 60, writable: false, 0) == null, Is.True);
        Assert.That(VirtualMemory.LastError, Is.EqualTo(LinuxError.OutOfMemory));
        Assert.That(FileMapping.Map(file, (nuint)1 << 60, writable: false, 2 << 20) == null, Is.True);
    }

    [Test]
    public void A_private_mapping_for_writing_of_a_sealed_file_leaves_the_file_alone()
    {
        const int Private = 2, ReadWrite = 3;
        using FileDescriptor file = MemoryFile.Create();
        MemoryFiles.TryAddSeals(file, MemoryFile.SealFutureWrite);
        byte* mapping = (byte*)LinuxCalls.Map(null, Bytes, ReadWrite, Private, file, 0);
        Assert.That((nint)mapping, Is.Not.EqualTo(-1));
        mapping[0] = 1;
        byte[] first = new byte[1];
        Assert.That(MemoryFiles.Read(file, 0, first), Is.EqualTo(1));
        Assert.That(first[0], Is.Zero);
        MemoryFile.Unmap(mapping);
    }

    private static string RightsAt(byte* address)
    {
        foreach (string line in File.ReadLines("/proc/self/maps"))
        {
            string[] fields = line.Split(' ', 3);
            ulong[] ends = [.. fields[0].Split('-').Select(end => ulong.Parse(end, NumberStyles.HexNumber, CultureInfo.InvariantCulture))];
            if (ends[0] <= (ulong)address && (ulong)address < ends[1])
            {
                return fields[1];
            }
        }

        return "not mapped";
    }
}
