using System.Runtime.Versioning;
using MagAlloc.Platform;
using MagAlloc.Sharing.Platform;

namespace MagAlloc.Tests.Platform;

/// <summary>Messages stay whole and in order, nobody waits for a reader, and descriptors that came are kept or closed.</summary>
[Platform("Linux")]
[SupportedOSPlatform("linux")]
public sealed unsafe class MessageSocketTests
{
    private FileDescriptor _here = null!;
    private FileDescriptor _there = null!;

    [SetUp]
    public void Connect()
    {
        Assert.That(MessageSocket.TryCreatePair(out FileDescriptor? here, out FileDescriptor? there), Is.True);
        (_here, _there) = (here!, there!);
    }

    [TearDown]
    public void Close()
    {
        _here.Dispose();
        _there.Dispose();
    }

    [Test]
    public void Messages_stay_apart()
    {
        byte[] into = new byte[10];
        Assert.That(MessageSocket.TrySend(_here, [1, 2, 3]) && MessageSocket.TrySend(_here, [4]), Is.True);
        Assert.That(MessageSocket.Receive(_there, into), Is.EqualTo(3));
        Assert.That(into[..3], Is.EqualTo(new byte[] { 1, 2, 3 }));
        Assert.That(MessageSocket.Receive(_there, into), Is.EqualTo(1));
        Assert.That(MessageSocket.Receive(_there, into), Is.EqualTo(-1));
        Assert.That(VirtualMemory.LastError, Is.EqualTo(LinuxError.TryAgain), "nothing there, and no waiting");
    }

    [Test]
    public void Of_a_message_that_is_too_long_the_true_length_is_told([Values] bool withDescriptor)
    {
        MessageSocket.TrySend(_here, new byte[100]);
        MessageSocket.TrySend(_here, [7]);
        byte[] into = new byte[10];
        Assert.That(withDescriptor ? MessageSocket.Receive(_there, into, out _) : MessageSocket.Receive(_there, into), Is.EqualTo(100));
        Assert.That(MessageSocket.Receive(_there, into), Is.EqualTo(1), "its rest is gone, and the next is whole");
        Assert.That(into[0], Is.EqualTo(7));
    }

    [Test]
    public void A_descriptor_comes_as_one_of_the_same_description()
    {
        using FileDescriptor file = MemoryFile.Create();
        byte[] into = new byte[1];
        Assert.That(MessageSocket.TrySend(_here, [5], file), Is.True);
        Assert.That(MessageSocket.Receive(_there, into, out FileDescriptor? received), Is.EqualTo(1));
        Assert.That(into[0], Is.EqualTo(5));
        Assert.That(received!.Number, Is.Not.EqualTo(file.Number));
        Assert.That(MemoryFile.Inode(received), Is.EqualTo(MemoryFile.Inode(file)));
        Assert.That(HasCloseOnExec(received), Is.True);
        received.Dispose();
    }

    [Test]
    public void A_message_without_descriptor_brings_none()
    {
        MessageSocket.TrySend(_here, [5]);
        Assert.That(MessageSocket.Receive(_there, new byte[1], out FileDescriptor? received), Is.EqualTo(1));
        Assert.That(received, Is.Null);
    }

    /// <summary>Those that a receiver has room for, and those it has not.</summary>
    [TestCase(2)]
    [TestCase(12)]
    [TestCase(13)]
    [TestCase(40)]
    [TestCase(253)]
    public void Of_several_descriptors_the_first_is_kept_and_the_others_are_closed(int count)
    {
        using FileDescriptor file = MemoryFile.Create();
        OpenFiles before = OpenFiles.Count();
        Assert.That(RawMessage.TrySend(_here, [5], [.. Enumerable.Repeat(file, count)]), Is.True);
        Assert.That(MessageSocket.Receive(_there, new byte[1], out FileDescriptor? received), Is.EqualTo(1));
        Assert.That(OpenFiles.On(file), Is.EqualTo(2), "the sender's, and the one received");
        Assert.That(MemoryFile.Inode(received!), Is.EqualTo(MemoryFile.Inode(file)));
        received!.Dispose();
        before.AssertNothingMore();
    }

    [Test]
    public void More_descriptors_than_one_message_carries_are_refused()
    {
        using FileDescriptor file = MemoryFile.Create();
        Assert.That(RawMessage.TrySend(_here, [5], [.. Enumerable.Repeat(file, 254)]), Is.False);
        Assert.That(VirtualMemory.LastError, Is.EqualTo(LinuxError.InvalidArgument));
    }

    [Test]
    public void Who_wants_no_descriptors_gets_none()
    {
        using FileDescriptor file = MemoryFile.Create();
        using FileDescriptor oracle = MemoryFile.Reopen(file, writable: true);
        OpenFiles before = OpenFiles.Count();
        using (FileDescriptor other = MemoryFile.Reopen(file))
        {
            RawMessage.TrySend(_here, [5], [other, other, other]);
        }

        Assert.That(MemoryFiles.AskLease(oracle), Is.EqualTo(LeaseAnswer.Held));
        Assert.That(MessageSocket.Receive(_there, new byte[1]), Is.EqualTo(1));
        Assert.That(MemoryFiles.AskLease(oracle), Is.EqualTo(LeaseAnswer.Free), "the kernel has closed them");
        before.AssertNothingMore();
    }

    [Test]
    public void Nobody_waits_for_a_peer_that_does_not_read([Values] bool withDescriptor)
    {
        using FileDescriptor file = MemoryFile.Create();
        int sent = 0;
        while (withDescriptor ? MessageSocket.TrySend(_here, new byte[48], file) : MessageSocket.TrySend(_here, new byte[48]))
        {
            Assert.That(++sent, Is.LessThan(1_000_000));
        }

        Assert.That(VirtualMemory.LastError, Is.AnyOf(LinuxError.TryAgain, LinuxError.TooManyReferences));
        Assert.That(sent, Is.Positive);
        while (MessageSocket.Receive(_there, new byte[48]) == 48)
        {
            sent--;
        }

        Assert.That(sent, Is.Zero, "what was sent is there");
        Assert.That(MessageSocket.TrySend(_here, new byte[48]), Is.True, "and there is room again");
    }

    [Test]
    public void Who_waits_for_room_gets_it_or_not_in_time_whatever_signals_come()
    {
        MessageSocket.SetSendBuffer(_here, 4096);
        while (MessageSocket.TrySend(_here, new byte[48]))
        {
        }

        Assert.That(MessageSocket.SetSendTimeout(_here, TimeSpan.FromMilliseconds(100)), Is.True);
        SignalledThread.Run(() =>
        {
            Assert.That(MessageSocket.TrySend(_here, new byte[48], TimeSpan.FromMilliseconds(100)), Is.False);
            Assert.That(VirtualMemory.LastError, Is.EqualTo(LinuxError.TryAgain));
        });
        Assert.That(MessageSocket.SetSendTimeout(_here, TimeSpan.FromSeconds(10)), Is.True);
        Task later = Task.Run(() =>
        {
            Thread.Sleep(50);
            while (MessageSocket.Receive(_there, new byte[48]) == 48)
            {
            }
        });
        SignalledThread.Run(() => Assert.That(MessageSocket.TrySend(_here, new byte[48], TimeSpan.FromSeconds(10)), Is.True));
        Assert.That(later.Wait(10_000), Is.True);
    }

    [Test]
    public void A_larger_send_buffer_has_room_for_more()
    {
        MessageSocket.SetSendBuffer(_here, 20 * 1024);
        int little = Fill();
        while (MessageSocket.Receive(_there, new byte[48]) == 48)
        {
        }

        MessageSocket.SetSendBuffer(_here, 200 * 1024);
        int much = Fill();
        Assert.That(little, Is.GreaterThanOrEqualTo(20), "a message of 48 bytes takes at most 1 KiB of it");
        Assert.That(much, Is.GreaterThanOrEqualTo(200).And.GreaterThan(little));

        int Fill()
        {
            int sent = 0;
            while (MessageSocket.TrySend(_here, new byte[48]))
            {
                sent++;
            }

            return sent;
        }
    }

    /// <summary>SIGPIPE would end this process here, but for the runtime, which ignores it: the flag is there for hosts that do not.</summary>
    [Test]
    public void A_peer_that_is_gone_is_an_error_and_no_signal([Values] bool withDescriptor)
    {
        using FileDescriptor file = MemoryFile.Create();
        _there.Dispose();
        Assert.That(withDescriptor ? MessageSocket.TrySend(_here, [1], file) : MessageSocket.TrySend(_here, [1]), Is.False);
        Assert.That(VirtualMemory.LastError, Is.EqualTo(LinuxError.BrokenPipe));
        Assert.That(MessageSocket.Receive(_here, new byte[1]), Is.Zero);
    }

    [Test]
    public void What_a_peer_said_before_it_went_can_be_read()
    {
        MessageSocket.TrySend(_there, [3]);
        _there.Dispose();
        byte[] into = new byte[1];
        Assert.That(MessageSocket.Receive(_here, into), Is.EqualTo(1));
        Assert.That(into[0], Is.EqualTo(3));
        Assert.That(MessageSocket.Receive(_here, into), Is.Zero);
    }

    [Test]
    public void A_peer_that_went_without_reading_is_an_error_to_the_reader()
    {
        MessageSocket.TrySend(_here, [3]);
        _there.Dispose();
        Assert.That(MessageSocket.Receive(_here, new byte[1]), Is.EqualTo(-1));
        Assert.That(VirtualMemory.LastError, Is.EqualTo(LinuxError.ConnectionReset));
    }

    [Test]
    public void A_shutdown_wakes_both_ends()
    {
        PollSet set = new();
        int place = set.Add(_there, forReading: true);
        Assert.That(set.Wait(0), Is.False);
        MessageSocket.Shutdown(_here);
        Assert.That(set.Wait(10_000), Is.True);
        Assert.That(set[place] & PollSet.Gone, Is.Not.Zero);
        Assert.That(MessageSocket.Receive(_there, new byte[1]), Is.Zero);
        Assert.That(MessageSocket.TrySend(_here, [1]), Is.False);
    }

    [Test]
    public void The_kernel_says_who_is_at_the_other_end()
    {
        Assert.That(MessageSocket.TryGetPeer(_here, out int process, out uint user), Is.True);
        Assert.That((process, user), Is.EqualTo((Environment.ProcessId, ProcessDescriptor.CurrentUser)));
        using FileDescriptor file = MemoryFile.Create();
        Assert.That(MessageSocket.TryGetPeer(file, out process, out user), Is.False);
        Assert.That((process, user), Is.EqualTo((0, uint.MaxValue)));
    }

    [TestCase("@magalloc-test-abstract")]
    [TestCase("path")]
    [TestCase("longest")]
    public void Connections_are_made_by_address(string kind)
    {
        string folder = Directory.CreateTempSubdirectory("magalloc-").FullName;
        string address = kind switch
        {
            "path" => Path.Combine(folder, "socket"),
            "longest" => Path.Combine(folder, new string('x', MessageSocket.LongestPath - folder.Length - 1)),
            _ => kind,
        };
        try
        {
            using FileDescriptor listening = MessageSocket.Create(nonBlocking: true)!;
            using FileDescriptor connecting = MessageSocket.Create(nonBlocking: false)!;
            Assert.That(MessageSocket.TryConnect(connecting, address), Is.False);
            Assert.That(VirtualMemory.LastError, Is.EqualTo(address[0] == '@' ? LinuxError.ConnectionRefused : 2));

            Assert.That(MessageSocket.TryBind(listening, address) && MessageSocket.TryListen(listening, 4), Is.True);
            Assert.That(MessageSocket.Accept(listening), Is.Null);
            Assert.That(VirtualMemory.LastError, Is.EqualTo(LinuxError.TryAgain));
            Assert.That(MessageSocket.TryConnect(connecting, address), Is.True);
            using FileDescriptor accepted = MessageSocket.Accept(listening)!;
            Assert.That(MessageSocket.TrySend(connecting, [1]), Is.True);
            Assert.That(MessageSocket.Receive(accepted, new byte[1]), Is.EqualTo(1));
            Assert.That(HasCloseOnExec(accepted), Is.True);

            using FileDescriptor second = MessageSocket.Create(nonBlocking: true)!;
            Assert.That(MessageSocket.TryBind(second, address), Is.False);
            Assert.That(VirtualMemory.LastError, Is.EqualTo(98), "EADDRINUSE");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static bool HasCloseOnExec(FileDescriptor file)
    {
        const int GetDescriptorFlags = 1;
        return (LinuxCalls.Control(file, GetDescriptorFlags, 0) & 1) != 0;
    }
}
