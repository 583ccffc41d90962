using System.Runtime.Versioning;
using MagAlloc.Sharing.Platform;

namespace MagAlloc.Tests.Platform;

/// <summary>What is told of closes, and when.</summary>
[Platform("Linux")]
[SupportedOSPlatform("linux")]
public sealed unsafe class FileWatchTests
{
    private FileDescriptor _watcher = null!;
    private FileDescriptor _file = null!;
    private int _watch;

    [SetUp]
    public void MakeWatch()
    {
        _watcher = FileWatch.Create()!;
        _file = MemoryFile.Create();
        _watch = FileWatch.Add(_watcher, _file);
        Assert.That(_watch, Is.Not.Negative);
    }

    [TearDown]
    public void Close()
    {
        _watcher.Dispose();
        _file.Dispose();
    }

    [Test]
    public void The_end_of_a_description_is_told([Values] bool writable)
    {
        FileDescriptor other = MemoryFile.Reopen(_file, writable);
        Assert.That(Closed(), Is.Empty, "an opening is not");
        other.Dispose();
        Assert.That(Closed(), Is.EqualTo(new[] { _watch }));
        Assert.That(Closed(), Is.Empty, "once");
    }

    [Test]
    public void A_mapping_outlives_the_descriptor()
    {
        FileDescriptor other = MemoryFile.Reopen(_file);
        byte* mapping = MemoryFile.Map(other);
        other.Dispose();
        Assert.That(Closed(), Is.Empty);
        MemoryFile.Unmap(mapping);
        Assert.That(Closed(), Is.EqualTo(new[] { _watch }));
    }

    /// <summary>Others cause the events, and one who reads them has more to do.</summary>
    [Test]
    public void Of_very_many_a_part_is_read_at_a_time()
    {
        const int Most = 16 * 4096 / 16;
        for (int i = 0; i < Most; i++)
        {
            // Of different kinds: equal ones in a row are told once.
            MemoryFile.Reopen(_file, writable: i % 2 == 0).Dispose();
            MemoryFile.Reopen(_file, writable: i % 2 != 0).Dispose();
            MemoryFile.Reopen(_file, writable: i % 2 == 0).Dispose();
        }

        List<int> closed = [];
        FileWatch.Read(_watcher, closed);
        Assert.That(closed, Has.Count.EqualTo(Most));
        for (int before = 0; closed.Count != before;)
        {
            before = closed.Count;
            FileWatch.Read(_watcher, closed);
        }

        Assert.That(closed.Count, Is.GreaterThan(Most + 1));
    }

    [Test]
    public void A_duplicate_is_the_same_description()
    {
        Assert.That(MessageSocket.TryCreatePair(out FileDescriptor? here, out FileDescriptor? there), Is.True);
        using FileDescriptor first = here!, second = there!;
        FileDescriptor other = MemoryFile.Reopen(_file);
        MessageSocket.TrySend(first, [1], other);
        other.Dispose();
        Assert.That(Closed(), Is.Empty, "in a message");
        MessageSocket.Receive(second, new byte[1], out FileDescriptor? received);
        received!.Dispose();
        Assert.That(Closed(), Is.EqualTo(new[] { _watch }));
    }

    [Test]
    public void Each_file_has_its_number()
    {
        using FileDescriptor another = MemoryFile.Create();
        int number = FileWatch.Add(_watcher, another);
        Assert.That(number, Is.Not.EqualTo(_watch));
        Assert.That(FileWatch.Add(_watcher, another), Is.EqualTo(number), "and keeps it");
        MemoryFile.Reopen(another).Dispose();
        Assert.That(Closed(), Is.EqualTo(new[] { number }));
    }

    [Test]
    public void Removed_it_tells_nothing()
    {
        FileWatch.Remove(_watcher, _watch);
        MemoryFile.Reopen(_file).Dispose();
        Assert.That(Closed(), Is.Empty);
    }

    [Test]
    public void It_does_not_keep_a_file_and_says_nothing_of_its_end()
    {
        using FileDescriptor another = MemoryFile.Create();
        int number = FileWatch.Add(_watcher, another);
        another.Dispose();

        // That of the first description is told or not, by the kernel's version.
        Assert.That(Closed(), Is.Empty.Or.EqualTo(new[] { number }));
    }

    [Test]
    public void A_watcher_wakes_who_waits()
    {
        PollSet set = new();
        int place = set.Add(_watcher, forReading: true);
        Assert.That(set.Wait(0), Is.False);
        MemoryFile.Reopen(_file).Dispose();
        Assert.That(set.Wait(10_000), Is.True);
        Assert.That(set[place] & PollSet.Readable, Is.Not.Zero);
    }

    [Test]
    public void More_than_the_kernel_remembers_is_told_as_such()
    {
        int most = int.Parse(File.ReadAllText("/proc/sys/fs/inotify/max_queued_events"));
        Assume.That(most, Is.LessThan(100_000));
        using FileDescriptor another = MemoryFile.Create();
        int number = FileWatch.Add(_watcher, another);

        // In turns: the kernel counts equal ones behind each other once.
        for (int i = 0; i <= most; i++)
        {
            MemoryFile.Reopen(i % 2 == 0 ? _file : another).Dispose();
        }

        List<int> closed = [];
        bool complete = true;
        for (int reads = 0; complete && reads < most; reads++)
        {
            complete = FileWatch.Read(_watcher, closed);
        }

        Assert.That(complete, Is.False);
        Assert.That(closed.Distinct(), Is.EquivalentTo(new[] { _watch, number }));
        Assert.That(FileWatch.Read(_watcher, closed), Is.True, "and then it is complete again");
    }

    private List<int> Closed()
    {
        List<int> closed = [];
        Assert.That(FileWatch.Read(_watcher, closed), Is.True);
        return closed;
    }
}
