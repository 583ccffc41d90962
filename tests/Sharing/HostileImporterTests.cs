using System.Runtime.Versioning;
using MagAlloc.Sharing.Platform;
using MagAlloc.Tests.Platform;
using MagAlloc.Tests.Sharing.Support;

namespace MagAlloc.Tests.Sharing;

/// <summary>Importers that say what none may: each ends its own connection, and nothing else.</summary>
[Platform("Linux")]
[SupportedOSPlatform("linux")]
public sealed unsafe class HostileImporterTests
{
    private static IEnumerable<TestCaseData> Introductions()
    {
        yield return Case("nothing at all, and leaves", 0, socket => socket.Dispose());
        yield return Case("an empty message", 0, socket => Send(socket, []));
        yield return Case("one byte", 1, socket => Send(socket, [1]));
        yield return Case("a short message", 1, socket => Send(socket, new byte[SharingMessage.Bytes - 1]));
        yield return Case("a long message", 1, socket => Send(socket, new byte[SharingMessage.Bytes + 1]));
        yield return Case("zeros", 1, socket => Send(socket, new byte[SharingMessage.Bytes]));
        yield return Case("60 kB", 1, socket => Send(socket, new byte[60_000]));
        yield return Case("HTTP", 1, socket => Send(socket, "GET / HTTP/1.1\r\nHost: example.com\r\nAccept: */*\r\n\r\n"u8.ToArray()));
        yield return Case("another version", 1, socket => RawImporter.TrySay(socket, RawImporter.Hello() with { Length = 2 }));
        yield return Case("a farewell", 1, socket => RawImporter.TrySay(socket, RawImporter.Hello() with { Kind = MessageKind.LetGo }));
        yield return Case("what an owner says", 1, socket => RawImporter.TrySay(socket, RawImporter.Hello() with { Kind = MessageKind.Welcome }));
        yield return Case("all that is right, and leaves", 0, socket =>
        {
            RawImporter.TrySay(socket, RawImporter.Hello());
            socket.Dispose();
        });
        yield return Case("nothing at all, and stays", 0, _ => { });

        static TestCaseData Case(string name, int misuses, Action<FileDescriptor> say) => new TestCaseData(misuses, say).SetArgDisplayNames(name);

        static void Send(FileDescriptor socket, byte[] bytes) => MessageSocket.TrySend(socket, bytes);
    }

    /// <summary>Anybody may connect. An owner who waits for an importer does not hear of it when one who is none does.</summary>
    [TestCaseSource(nameof(Introductions))]
    public void WhoIsNoImporter_IsPassedOver_AndTheNextIsWelcome(int misuses, Delegate say)
    {
        using Shared shared = new();
        OpenFiles before = OpenFiles.Count();
        using (FileDescriptor socket = RawImporter.Dial(shared.Address))
        {
            ((Action<FileDescriptor>)say)(socket);
            (BufferPeer peer, BufferImporter importer) = shared.Connect();
            Assert.That(peer.IsConnected, Is.True, "in the same call");
            importer.Dispose();
            Shared.Eventually(() => !peer.IsConnected, "it has left");
        }

        // One that has said nothing, and is gone by now, is found in the next call.
        Assert.That(shared.Queue.Accept(shared.Listener, TimeSpan.Zero), Is.Null);
        before.AssertNothingMore();
        BufferQueueStatistics books = shared.Queue.GetStatistics();
        Assert.That((books.Importers, books.Misuses), Is.EqualTo((0, (long)misuses)));
    }

    [TestCaseSource(nameof(Introductions))]
    public void WhoIsNoImporter_DoesNotPutTheEndOfTheWaitOff(int misuses, Delegate say)
    {
        using Shared shared = new();
        List<FileDescriptor> sockets = [];
        for (int i = 0; i < 3; i++)
        {
            sockets.Add(RawImporter.Dial(shared.Address));
            ((Action<FileDescriptor>)say)(sockets[i]);
        }

        OpenFiles before = OpenFiles.Count();
        Assert.That(shared.Queue.Accept(shared.Listener, TimeSpan.FromMilliseconds(10)), Is.Null);

        // Those who have said nothing so far may still do so in the next call.
        shared.Listener.Dispose();
        before.AssertNothingMore();
        sockets.ForEach(socket => socket.Dispose());
        Assert.That(shared.Queue.GetStatistics().Misuses, Is.EqualTo(3 * misuses));
    }

    [TestCase(1)]
    [TestCase(SharingMessage.Bytes - 1)]
    [TestCase(SharingMessage.Bytes + 1)]
    [TestCase(10_000)]
    public void AMessageOfAnotherSize_EndsTheConnection(int bytes)
    {
        using Shared shared = With(out RawImporter raw, out RawImporter other);

        // What would be good otherwise: nothing but its size is wrong.
        SharingMessage good = new() { Kind = MessageKind.Acknowledged };
        byte[] message = new byte[bytes];
        ReadOnlySpan<byte> start = SharingMessage.BytesOf(ref good);
        start[..Math.Min(bytes, start.Length)].CopyTo(message);
        raw.SayBytes(message);
        AssertThrownOut(shared, raw, other);
    }

    [Test]
    public void AnEmptyMessage_IsTheEnd()
    {
        using Shared shared = With(out RawImporter raw, out RawImporter other);
        raw.SayBytes([]);
        Shared.Eventually(() => !raw.Peer.IsConnected, "it is gone");
        Assert.That((other.Peer.IsConnected, shared.Queue.GetStatistics().Misuses), Is.EqualTo((true, 0L)));
    }

    [TestCase(0)]
    [TestCase((int)MessageKind.Hello)]
    [TestCase((int)MessageKind.Welcome)]
    [TestCase((int)MessageKind.Export)]
    [TestCase((int)MessageKind.Frame)]
    [TestCase((int)MessageKind.Revoked)]
    [TestCase((int)MessageKind.Stopped)]
    [TestCase((int)MessageKind.Stopped + 1)]
    [TestCase(ushort.MaxValue)]
    public void AKindThatIsNotAnImporters_EndsTheConnection(int kind)
    {
        using Shared shared = With(out RawImporter raw, out RawImporter other);
        raw.Say(new SharingMessage { Kind = (MessageKind)kind, Slot = 0, Generation = 1 });
        AssertThrownOut(shared, raw, other);
    }

    [TestCase(-1)]
    [TestCase(32 + 64)]
    [TestCase(int.MaxValue)]
    [TestCase(int.MinValue)]
    public void APlaceThatThereIsNot_EndsTheConnection(int slot)
    {
        using Shared shared = With(out RawImporter raw, out RawImporter other);
        raw.Say(new SharingMessage { Kind = MessageKind.LetGo, Slot = slot, Generation = 1 });
        AssertThrownOut(shared, raw, other);
    }

    [TestCase(nameof(MessageKind.LetGo), 0)]
    [TestCase(nameof(MessageKind.LetGo), 95)]
    [TestCase(nameof(MessageKind.Imported), 0)]
    [TestCase(nameof(MessageKind.Refused), 95)]
    [TestCase(nameof(MessageKind.Acknowledged), 0)]
    [TestCase(nameof(MessageKind.Acknowledged), 95)]
    public void OfBuffersThatItHasNot_AnImporterHasNoSay(string kind, int slot)
    {
        using Shared shared = With(out RawImporter raw, out RawImporter other);
        SharingMessage export = other.Take(shared, 0, out FileDescriptor file);
        shared.Queue.StreamOn();
        long sequence = shared.Queue.Queue(0);
        for (uint generation = 0; generation < 3; generation++)
        {
            raw.Say(export with { Kind = Enum.Parse<MessageKind>(kind), Slot = slot, Generation = generation, Sequence = sequence });
        }

        raw.Say(new SharingMessage { Kind = MessageKind.Acknowledged });
        int stale = kind == nameof(MessageKind.Acknowledged) ? 4 : 1;
        Shared.Eventually(() => shared.Queue.GetStatistics().StaleAcknowledgements == stale, "heard");
        Assert.That((shared.Queue.Query(0).State, other.Peer.HeldBuffers, raw.Peer.IsConnected), Is.EqualTo((BufferState.Active, 1, true)));
        other.Hear(MessageKind.Frame);
        other.Say(MessageKind.Acknowledged, export with { Sequence = sequence });
        Assert.That(shared.Queue.TryDequeue(out CompletedBuffer completed, Shared.Soon), Is.True);
        Assert.That((completed.Sequence, completed.IsError), Is.EqualTo((sequence, false)));
        file.Dispose();
    }

    [Test]
    public void AFrameThatIsAcknowledgedTwice_ComesBackOnce()
    {
        using Shared shared = With(out RawImporter raw, out _);
        SharingMessage export = raw.Take(shared, 0, out FileDescriptor file);
        shared.Queue.StreamOn();
        for (long sequence = 1; sequence <= 3; sequence++)
        {
            shared.Queue.Queue(0);
            raw.Say(MessageKind.Acknowledged, export with { Sequence = sequence });
            raw.Say(MessageKind.Acknowledged, export with { Sequence = sequence });
            Shared.Eventually(() => shared.Queue.GetStatistics().StaleAcknowledgements == sequence, "heard");
            Assert.That(shared.Queue.TryDequeue(out CompletedBuffer completed), Is.True);
            Assert.That(completed.Sequence, Is.EqualTo(sequence));
            Assert.That(shared.Queue.TryDequeue(out _), Is.False);
        }

        Assert.That((shared.Queue.GetStatistics().Acknowledgements, raw.Peer.IsConnected), Is.EqualTo((3L, true)));
        file.Dispose();
    }

    [TestCase(0L)]
    [TestCase(2L)]
    [TestCase(-1L)]
    [TestCase(long.MaxValue)]
    public void AnAcknowledgementOfAnotherNumber_IsNone(long sequence)
    {
        using Shared shared = With(out RawImporter raw, out _);
        SharingMessage export = raw.Take(shared, 0, out FileDescriptor file);
        shared.Queue.StreamOn();
        shared.Queue.Queue(0);
        raw.Say(MessageKind.Acknowledged, export with { Sequence = sequence });
        Shared.Eventually(() => shared.Queue.GetStatistics().StaleAcknowledgements == 1, "heard");
        Assert.That(shared.Queue.Query(0).State, Is.EqualTo(BufferState.Active));
        file.Dispose();
    }

    [TestCase(-1L)]
    [TestCase(Shared.Page + 1L)]
    [TestCase(long.MaxValue)]
    [TestCase(long.MinValue)]
    public void MoreThanABufferHas_NobodyHasWritten(long length)
    {
        using Shared shared = With(out RawImporter raw, out RawImporter other);
        SharingMessage export = raw.Take(shared, 0, out FileDescriptor file, BufferAccess.ReadWrite);
        SharingMessage reading = other.Take(shared, 1, out FileDescriptor second);
        shared.Queue.StreamOn();
        shared.Queue.Queue(0, 5);
        shared.Queue.Queue(1, 5);
        other.Say(MessageKind.Acknowledged, reading with { Sequence = 2 }, length);
        Assert.That(shared.Queue.TryDequeue(out CompletedBuffer completed, Shared.Soon), Is.True);
        Assert.That((completed.BytesUsed, completed.IsError), Is.EqualTo((5L, false)), "of one that cannot write it is not even looked at");
        raw.Say(MessageKind.Acknowledged, export with { Sequence = 1 }, length);
        Assert.That(shared.Queue.TryDequeue(out completed, Shared.Soon), Is.True);
        Assert.That((completed.BytesUsed, completed.IsError), Is.EqualTo((5L, true)));
        AssertThrownOut(shared, raw, other);
        file.Dispose();
        second.Dispose();
    }

    [Test]
    public void DescriptorsThatAnImporterSends_AreClosed()
    {
        using Shared shared = With(out RawImporter raw, out _);
        SharingMessage export = raw.Take(shared, 0, out FileDescriptor file);
        using FileDescriptor gift = MemoryFile.Create();
        shared.Queue.StreamOn();
        OpenFiles before = OpenFiles.Count();
        for (long sequence = 1; sequence <= 50; sequence++)
        {
            shared.Queue.Queue(0);
            raw.SayWith(export with { Kind = MessageKind.Acknowledged, Sequence = sequence }, [gift, gift, gift]);
            Assert.That(shared.Queue.TryDequeue(out _, Shared.Soon), Is.True, "what it said counts");
        }

        before.AssertNothingMore();
        file.Dispose();
    }

    [Test]
    public void ABufferThatItRefuses_IsNotItsAnyMore()
    {
        using Shared shared = With(out RawImporter raw, out _);
        shared.Queue.StreamOn();
        shared.Queue.Queue(0);
        shared.Queue.Export(0, raw.Peer);
        SharingMessage export = raw.HearExport(out FileDescriptor file);
        file.Dispose();
        raw.Say(MessageKind.Refused, export);
        Assert.That(shared.Queue.TryDequeue(out CompletedBuffer completed, Shared.Soon), Is.True);
        Assert.That(completed.IsError, Is.True, "the frame that it stood for");
        Assert.That((raw.Peer.HeldBuffers, raw.Peer.HeldBytes, raw.Peer.Unread, shared.Queue.Query(0).IsHeld), Is.EqualTo((0, 0L, 0, false)));
    }

    /// <summary>Messages of nonsense from several connections, while an honest importer gets its frames.</summary>
    [Test]
    public void Nonsense_HurtsNobodyElse()
    {
        int seed = Environment.TickCount;
        TestContext.Out.WriteLine($"seed {seed}");
        Random random = new(seed);
        using Shared shared = new(new BufferQueueOptions { WritableExports = true });
        shared.Queue.Request(2, Shared.Page);
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        shared.Export(0, peer, importer);
        shared.Queue.StreamOn();
        OpenFiles before = OpenFiles.Count();
        byte[] message = new byte[SharingMessage.Bytes];
        for (int round = 0; round < 100; round++)
        {
            using RawImporter raw = RawImporter.Join(shared);
            SharingMessage export = raw.Take(shared, 1, out FileDescriptor file, BufferAccess.ReadWrite);
            for (int i = random.Next(20); i > 0 && raw.Peer.IsConnected; i--)
            {
                random.NextBytes(message);
                if (random.Next(4) != 0)
                {
                    // Nearly right, or it is thrown out with its first one.
                    message[0] = (byte)random.Next(11);
                    message[1] = 0;
                    BitConverter.TryWriteBytes(message.AsSpan(4), random.Next(3));
                    BitConverter.TryWriteBytes(message.AsSpan(8), random.Next(3));
                    BitConverter.TryWriteBytes(message.AsSpan(16), random.NextInt64(round + 3));
                    BitConverter.TryWriteBytes(message.AsSpan(24), random.NextInt64(-2, 2 * Shared.Page));
                }

                MessageSocket.TrySend(raw.Socket, message);
            }

            Assert.That(shared.Pass(0, importer).IsError, Is.False, $"seed {seed} round {round}");
            file.Dispose();
            raw.Dispose();
            Shared.Eventually(() => shared.Queue.GetStatistics().Importers == 1, "gone");
            Assert.That(export.Index, Is.EqualTo(1));
        }

        Assert.That((shared.Queue.Query(1).Importers, shared.Queue.Query(1).IsHeld, peer.IsConnected), Is.EqualTo((0, false, true)), $"seed {seed}");
        before.AssertNothingMore();
        Assert.That(shared.Queue.GetStatistics().Misuses, Is.Positive);
    }

    private static Shared With(out RawImporter raw, out RawImporter other)
    {
        Shared shared = new(new BufferQueueOptions { WritableExports = true });
        shared.Queue.Request(2, Shared.Page);
        raw = RawImporter.Join(shared);
        other = RawImporter.Join(shared);
        return shared;
    }

    private static void AssertThrownOut(Shared shared, RawImporter raw, RawImporter other)
    {
        Shared.Eventually(() => !raw.Peer.IsConnected, "it is thrown out");
        Shared.Eventually(raw.IsOver, "and sees it");
        BufferQueueStatistics books = shared.Queue.GetStatistics();
        Assert.That((books.Misuses, books.Importers, other.Peer.IsConnected), Is.EqualTo((1L, 1, true)));
        raw.Dispose();
        other.Dispose();
    }
}
