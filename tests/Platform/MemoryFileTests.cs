using System.Globalization;
using System.Runtime.Versioning;
using MagAlloc.Platform;
using MagAlloc.Sharing.Platform;

namespace MagAlloc.Tests.Platform;

/// <summary>What seals, holes and access modes do to memory files: the facts that buffers are built on.</summary>
[Platform("Linux")]
[SupportedOSPlatform("linux")]
public sealed unsafe class MemoryFileTests
{
    private const int Granted = 0;

    private static IEnumerable<TestCaseData> Seals()
    {
        yield return Row("none", 0, 0, 0, 0);
        yield return Row("shrink, grow", MemoryFiles.SealShrink | MemoryFiles.SealGrow, Granted, Granted, LinuxError.NotPermitted);
        yield return Row(
            "shrink, grow, seal", MemoryFiles.SealShrink | MemoryFiles.SealGrow | MemoryFiles.SealSeals, Granted, Granted, LinuxError.NotPermitted);
        yield return Row("grow, seal", MemoryFiles.SealGrow | MemoryFiles.SealSeals, Granted, Granted, Granted);
        yield return Row("future write", MemoryFile.SealFutureWrite, LinuxError.NotPermitted, LinuxError.NotPermitted, Granted);
        yield return Row(
            "future write, shrink",
            MemoryFile.SealFutureWrite | MemoryFiles.SealShrink,
            LinuxError.NotPermitted,
            LinuxError.NotPermitted,
            LinuxError.NotPermitted);
        yield return Row("write", MemoryFiles.SealWrite, LinuxError.NotPermitted, LinuxError.NotPermitted, Granted);
        yield return Row(
            "write, shrink, grow",
            MemoryFiles.SealWrite | MemoryFiles.SealShrink | MemoryFiles.SealGrow,
            LinuxError.NotPermitted,
            LinuxError.NotPermitted,
            LinuxError.NotPermitted);

        static TestCaseData Row(string name, int seals, int map, int punch, int truncate)
            => new TestCaseData(seals, map, punch, truncate).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(Seals))]
    public void Seals_decide_what_a_holder_who_may_write_can_do(int seals, int map, int punch, int truncate)
    {
        using FileDescriptor file = MemoryFile.Create(seals);
        using FileDescriptor writable = MemoryFile.Reopen(file, writable: true);

        byte* mapping = FileMapping.Map(writable, (nuint)MemoryFile.Bytes, writable: true, 0);
        Assert.That(MemoryFile.ErrorOf(mapping != null), Is.EqualTo(map), "map for writing");
        if (mapping != null)
        {
            MemoryFile.Unmap(mapping);
        }

        Assert.That(MemoryFile.ErrorOf(MemoryFiles.TryPunch(file, MemoryFile.Bytes)), Is.EqualTo(punch), "punch");
        Assert.That(MemoryFile.ErrorOf(MemoryFiles.TrySetLength(writable, 0)), Is.EqualTo(truncate), "cut off");
        Assert.That(MemoryFiles.SealsOf(writable) & ~0x20, Is.EqualTo(seals), "what a holder reads of the seals");
    }

    [TestCaseSource(nameof(Seals))]
    public void Who_may_read_can_only_read(int seals, int map, int punch, int truncate)
    {
        _ = (map, punch, truncate);
        using FileDescriptor file = MemoryFile.Create(seals);
        using FileDescriptor reader = MemoryFile.Reopen(file);

        Assert.Multiple(() =>
        {
            Assert.That(MemoryFile.ErrorOf(FileMapping.Map(reader, (nuint)MemoryFile.Bytes, writable: true, 0) != null), Is.EqualTo(LinuxError.AccessDenied));
            Assert.That(MemoryFile.ErrorOf(MemoryFiles.TrySetLength(reader, 0)), Is.EqualTo(LinuxError.InvalidArgument));
            Assert.That(MemoryFile.ErrorOf(MemoryFiles.TryPunch(reader, MemoryFile.Bytes)), Is.EqualTo(LinuxError.BadDescriptor));
            Assert.That(MemoryFile.ErrorOf(MemoryFiles.TryAddSeals(reader, MemoryFiles.SealGrow)), Is.EqualTo(LinuxError.NotPermitted));
            Assert.That(MemoryFiles.SealsOf(reader) & ~0x20, Is.EqualTo(seals));
            Assert.That(MemoryFiles.IsWritable(reader), Is.False);
            Assert.That(MemoryFiles.IsWritable(file), Is.True);
        });
        MemoryFile.Unmap(MemoryFile.Map(reader));
    }

    [Test]
    public void Writing_is_sealed_only_while_nobody_has_it_mapped_for_writing()
    {
        using FileDescriptor file = MemoryFile.Create();
        byte* mapping = MemoryFile.Map(file, writable: true);
        Assert.That(MemoryFile.ErrorOf(MemoryFiles.TryAddSeals(file, MemoryFiles.SealWrite)), Is.EqualTo(16), "EBUSY");

        MemoryFile.Unmap(mapping);
        byte* reading = MemoryFile.Map(MemoryFile.Reopen(file));
        Assert.That(MemoryFiles.TryAddSeals(file, MemoryFiles.SealWrite), Is.True, "a mapping for reading is no hindrance");
        MemoryFile.Unmap(reading);
    }

    [Test]
    public void After_the_last_seal_none_can_be_added()
    {
        using FileDescriptor file = MemoryFile.Create(MemoryFiles.SealSeals);
        Assert.That(MemoryFile.ErrorOf(MemoryFiles.TryAddSeals(file, MemoryFiles.SealShrink)), Is.EqualTo(LinuxError.NotPermitted));
    }

    [Test]
    public void What_is_no_memory_file_has_no_seals()
    {
        using FileDescriptor bell = Doorbell.Create()!;
        Assert.That(MemoryFiles.SealsOf(bell), Is.EqualTo(-1));
        Assert.That(VirtualMemory.LastError, Is.EqualTo(LinuxError.InvalidArgument));
    }

    [Test]
    public void A_hole_reads_as_zeros_for_every_holder_and_gives_the_memory_back()
    {
        using FileDescriptor file = MemoryFile.Create(MemoryFiles.SealShrink | MemoryFiles.SealGrow | MemoryFiles.SealSeals);
        using FileDescriptor reader = MemoryFile.Reopen(file);
        byte* written = MemoryFile.Map(file, writable: true);
        byte* read = MemoryFile.Map(reader);
        new Span<byte>(written, (int)MemoryFile.Bytes).Fill(9);
        Assert.That(MemoryFile.Resident(file), Is.EqualTo(MemoryFile.Bytes));
        Assert.That(new Span<byte>(read, (int)MemoryFile.Bytes).IndexOfAnyExcept((byte)9), Is.EqualTo(-1));

        Assert.That(MemoryFiles.TryPunch(file, MemoryFile.Bytes), Is.True);
        Assert.That(MemoryFile.Resident(file), Is.Zero);
        byte[] copy = new byte[MemoryFile.Bytes];
        Assert.That(MemoryFiles.Read(reader, 0, copy), Is.EqualTo(MemoryFile.Bytes), "the length stays");
        Assert.That(copy, Is.All.Zero);
        Assert.That(MemoryFile.Resident(file), Is.Zero, "reading by the descriptor brings nothing back");

        Assert.That(new Span<byte>(read, (int)MemoryFile.Bytes).IndexOfAnyExcept((byte)0), Is.EqualTo(-1));
        Assert.That(MemoryFile.Resident(file), Is.EqualTo(MemoryFile.Bytes), "a mere look through a mapping brings pages back");
        MemoryFile.Unmap(read);
        MemoryFile.Unmap(written);
    }

    [Test]
    public void Of_half_a_page_the_contents_go_and_the_page_stays()
    {
        using FileDescriptor file = MemoryFile.Create();
        byte* mapping = MemoryFile.Map(file, writable: true);
        new Span<byte>(mapping, (int)MemoryFile.Bytes).Fill(9);
        int half = Environment.SystemPageSize / 2;

        Assert.That(MemoryFiles.TryPunch(file, half), Is.True);
        Assert.That(MemoryFile.Resident(file), Is.EqualTo(MemoryFile.Bytes));
        Assert.That(new Span<byte>(mapping, (int)MemoryFile.Bytes).IndexOfAnyExcept((byte)0), Is.EqualTo(half));
        MemoryFile.Unmap(mapping);
    }

    [Test]
    public void Reading_behind_the_end_of_a_file_that_was_cut_off_is_no_signal()
    {
        using FileDescriptor file = MemoryFile.Create(MemoryFiles.SealGrow);
        using FileDescriptor reader = MemoryFile.Reopen(file);
        byte[] copy = new byte[100];
        Assert.That(MemoryFiles.Read(reader, MemoryFile.Bytes - 50, copy), Is.EqualTo(50));

        Assert.That(MemoryFiles.TrySetLength(file, 0), Is.True);
        Assert.That(MemoryFiles.Read(reader, 0, copy), Is.Zero);
        Assert.That(MemoryFile.ErrorOf(MemoryFiles.TrySetLength(file, MemoryFile.Bytes)), Is.EqualTo(LinuxError.NotPermitted), "and it cannot grow again");
    }

    [Test]
    public void Memory_is_put_behind_a_file_before_it_is_touched()
    {
        using FileDescriptor file = MemoryFiles.Create("test", reservedHugePages: false)!;
        Assert.That(MemoryFiles.TrySetLength(file, MemoryFile.Bytes), Is.True);
        Assert.That(MemoryFile.Resident(file), Is.Zero);
        Assert.That(MemoryFiles.TryAllocate(file, MemoryFile.Bytes), Is.True);
        Assert.That(MemoryFile.Resident(file), Is.EqualTo(MemoryFile.Bytes));
    }

    [Test]
    public void A_restricted_file_is_its_users_alone()
    {
        using FileDescriptor file = MemoryFile.Create();
        Assert.That(MemoryFiles.TryRestrict(file), Is.True);
        UnixFileMode mode = File.GetUnixFileMode($"/proc/self/fd/{file.Number}");
        Assert.That(mode, Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite));
    }

    [Test]
    public void Its_contents_cannot_be_executed()
    {
        using FileDescriptor file = MemoryFile.Create();
        int seals = MemoryFiles.SealsOf(file);
        Assume.That(seals & 0x20, Is.Not.Zero, "Linux 6.3 or later");
        Assert.That(File.GetUnixFileMode($"/proc/self/fd/{file.Number}") & UnixFileMode.UserExecute, Is.EqualTo(UnixFileMode.None));
    }

    [TestCase("")]
    [TestCase("frames")]
    [TestCase("Bildpuffer für Größen")]
    [TestCase("缓冲区")]
    public void A_name_is_shown_where_the_file_is_mapped(string name)
    {
        using FileDescriptor file = MemoryFiles.Create(name, reservedHugePages: false)!;
        Assert.That(new FileInfo($"/proc/self/fd/{file.Number}").LinkTarget, Does.StartWith($"/memfd:{name} "));
    }

    [Test]
    public void A_long_name_is_cut()
    {
        string name = new('\u754c', 1000);
        using FileDescriptor? file = MemoryFiles.Create(name, reservedHugePages: false);
        Assert.That(file, Is.Not.Null);
        Assert.That(new FileInfo($"/proc/self/fd/{file!.Number}").LinkTarget, Does.StartWith("/memfd:\u754c\u754c\u754c"));
    }

    [Test]
    public void A_refusal_keeps_its_reason_while_others_clean_up()
    {
        using FileDescriptor file = MemoryFile.Create(MemoryFiles.SealShrink);
        FileDescriptor other = MemoryFile.Reopen(file);
        Assert.That(MemoryFiles.TrySetLength(file, 0), Is.False);
        other.Dispose();
        Assert.That(VirtualMemory.LastError, Is.EqualTo(LinuxError.NotPermitted));
    }

    [Test]
    public void A_closed_file_is_an_exception_and_not_somebody_elses()
    {
        FileDescriptor file = MemoryFile.Create();
        file.Dispose();
        file.Dispose();
        Assert.Multiple(() =>
        {
            Assert.That(() => MemoryFiles.TrySetLength(file, 1), Throws.TypeOf<ObjectDisposedException>());
            Assert.That(() => MemoryFiles.Reopen(file, writable: false), Throws.TypeOf<ObjectDisposedException>());
            Assert.That(() => MemoryFiles.AskLease(file), Throws.TypeOf<ObjectDisposedException>());
        });
    }

    [Test]
    public void A_description_that_is_gone_cannot_be_opened_again()
    {
        using FileDescriptor file = new(int.MaxValue);
        Assert.That(MemoryFiles.Reopen(file, writable: false), Is.Null);
        Assert.That(VirtualMemory.LastError, Is.EqualTo(2), "ENOENT");
        file.SetHandleAsInvalid();
    }

    [Test]
    public void The_limit_of_descriptors_is_the_systems()
    {
        string line = File.ReadLines("/proc/self/limits").Single(one => one.StartsWith("Max open files", StringComparison.Ordinal));
        string soft = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[3];
        long limit = soft == "unlimited" ? long.MaxValue : long.Parse(soft, CultureInfo.InvariantCulture);
        Assert.That(MemoryFiles.DescriptorLimit(), Is.EqualTo(limit));
    }

    [Test]
    public void A_path_leads_to_the_same_file()
    {
        using FileDescriptor file = MemoryFile.Create();
        Assert.That(MemoryFiles.TryGetStatus($"/proc/self/fd/{file.Number}", out FileStatus status), Is.True);
        Assert.That((status.Inode, (long)status.Bytes), Is.EqualTo((MemoryFile.Inode(file), MemoryFile.Bytes)));
        Assert.That(status.IsSocket, Is.False);
        Assert.That(MemoryFiles.TryGetStatus("/nowhere", out _), Is.False);
        Assert.That(MemoryFiles.TryGetStatus(new string('x', 1000), out _), Is.False);
    }
}
