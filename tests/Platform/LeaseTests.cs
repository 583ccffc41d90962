using System.Runtime.Versioning;
using MagAlloc.Platform;
using MagAlloc.Sharing.Platform;

namespace MagAlloc.Tests.Platform;

/// <summary>The lease as the answer to "does anybody else hold this file?": when it is right, and what it does not see.</summary>
[Platform("Linux")]
[SupportedOSPlatform("linux")]
public sealed unsafe class LeaseTests
{
    private FileDescriptor _file = null!;
    private FileDescriptor _oracle = null!;

    [SetUp]
    public void MakeFile()
    {
        _file = MemoryFile.Create();
        _oracle = MemoryFile.Reopen(_file, writable: true);
    }

    [TearDown]
    public void Close()
    {
        _oracle.Dispose();
        _file.Dispose();
    }

    [Test]
    public void Nobody_else_holds_it()
    {
        Assert.That(Ask(), Is.EqualTo(LeaseAnswer.Free));
        Assert.That(Ask(), Is.EqualTo(LeaseAnswer.Free), "asking changes nothing");
    }

    [Test]
    public void Another_description_holds_it_until_it_is_closed([Values] bool writable)
    {
        FileDescriptor other = MemoryFile.Reopen(_file, writable);
        Assert.That(Ask(), Is.EqualTo(LeaseAnswer.Held));
        other.Dispose();
        Assert.That(Ask(), Is.EqualTo(LeaseAnswer.Free));
    }

    [Test]
    public void A_mapping_holds_it_when_the_descriptor_is_closed([Values] bool writable)
    {
        FileDescriptor other = MemoryFile.Reopen(_file, writable);
        byte* mapping = MemoryFile.Map(other, writable);
        other.Dispose();
        Assert.That(Ask(), Is.EqualTo(LeaseAnswer.Held));
        MemoryFile.Unmap(mapping);
        Assert.That(Ask(), Is.EqualTo(LeaseAnswer.Free));
    }

    [Test]
    public void A_message_that_nobody_has_read_holds_it()
    {
        Assert.That(MessageSocket.TryCreatePair(out FileDescriptor? here, out FileDescriptor? there), Is.True);
        using (FileDescriptor other = MemoryFile.Reopen(_file))
        {
            Assert.That(MessageSocket.TrySend(here!, [1], other), Is.True);
        }

        Assert.That(Ask(), Is.EqualTo(LeaseAnswer.Held));
        here!.Dispose();
        Assert.That(Ask(), Is.EqualTo(LeaseAnswer.Held), "the receiver can still read it");
        there!.Dispose();
        Assert.That(Ask(), Is.EqualTo(LeaseAnswer.Free));
    }

    [Test]
    public void Whoever_it_was_passed_on_to_holds_it()
    {
        Assert.That(MessageSocket.TryCreatePair(out FileDescriptor? here, out FileDescriptor? there), Is.True);
        using FileDescriptor first = here!, second = there!;
        FileDescriptor other = MemoryFile.Reopen(_file);
        MessageSocket.TrySend(first, [1], other);
        MessageSocket.Receive(second, new byte[1], out FileDescriptor? received);
        other.Dispose();
        Assert.That(Ask(), Is.EqualTo(LeaseAnswer.Held));
        received!.Dispose();
        Assert.That(Ask(), Is.EqualTo(LeaseAnswer.Free));
    }

    /// <summary>Why neither the oracle nor the first description may ever be sent.</summary>
    [Test]
    public void Duplicates_of_the_oracle_are_not_seen()
    {
        Assert.That(MessageSocket.TryCreatePair(out FileDescriptor? here, out FileDescriptor? there), Is.True);
        using FileDescriptor first = here!, second = there!;
        MessageSocket.TrySend(first, [1], _oracle);
        MessageSocket.Receive(second, new byte[1], out FileDescriptor? duplicate);
        byte* mapping = MemoryFile.Map(duplicate!, writable: true);
        Assert.That(Ask(), Is.EqualTo(LeaseAnswer.Free));
        MemoryFile.Unmap(mapping);
        duplicate!.Dispose();
    }

    [Test]
    public void The_owners_mapping_of_the_first_description_is_not_seen()
    {
        byte* mapping = MemoryFile.Map(_file, writable: true);
        Assert.That(Ask(), Is.EqualTo(LeaseAnswer.Free));
        MemoryFile.Unmap(mapping);
    }

    /// <summary>The kernel does not count the first description among the writers: without a second one there is always one writer too few.</summary>
    [Test]
    public void The_first_description_cannot_be_asked_alone()
    {
        _oracle.Dispose();
        Assert.That(MemoryFiles.AskLease(_file), Is.EqualTo(LeaseAnswer.Held));
    }

    [Test]
    public void What_takes_no_leases_says_so()
    {
        using FileDescriptor bell = Doorbell.Create()!;
        Assert.That(MemoryFiles.AskLease(bell), Is.EqualTo(LeaseAnswer.Refused));
    }

    /// <summary>Whoever opens a leased file has its holder signalled: the default signal would end this process here.</summary>
    [Test]
    public void Opening_while_it_is_asked_hurts_nobody()
    {
        long opened = 0;
        int wrong = 0;
        bool stop = false;
        Thread opener = new(() =>
        {
            while (!Volatile.Read(ref stop))
            {
                // It gives up when the asking thread loses its processor with the lease in its hand.
                using FileDescriptor? again = MemoryFiles.Reopen(_file, writable: true);
                opened += again is null ? 0 : 1;
                wrong += again is null && VirtualMemory.LastError != LinuxError.TryAgain ? 1 : 0;
            }
        });
        opener.Start();
        var watch = System.Diagnostics.Stopwatch.StartNew();
        int free = 0, held = 0;
        while (watch.ElapsedMilliseconds < 300 || (free == 0 || held == 0) && watch.ElapsedMilliseconds < 10_000)
        {
            LeaseAnswer answer = Ask();
            Assert.That(answer, Is.Not.EqualTo(LeaseAnswer.Refused));
            free += answer == LeaseAnswer.Free ? 1 : 0;
            held += answer == LeaseAnswer.Held ? 1 : 0;
        }

        Volatile.Write(ref stop, true);
        opener.Join();
        Assert.That(wrong, Is.Zero, "refused for another reason than a lease");
        Assert.That(Ask(), Is.EqualTo(LeaseAnswer.Free));
        Assert.That((opened > 0, free > 0, held > 0), Is.EqualTo((true, true, true)), "the premise");
    }

    private LeaseAnswer Ask() => MemoryFiles.AskLease(_oracle);
}
