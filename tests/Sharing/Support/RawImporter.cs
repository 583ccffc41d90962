using System.Runtime.Versioning;
using MagAlloc.Platform;
using MagAlloc.Sharing.Platform;
using MagAlloc.Tests.Platform;

namespace MagAlloc.Tests.Sharing.Support;

/// <summary>An importer that speaks the wire format by itself, and so can say what no importer would.</summary>
[SupportedOSPlatform("linux")]
internal sealed class RawImporter : IDisposable
{
    private readonly FileDescriptor _socket;

    private RawImporter(FileDescriptor socket, BufferPeer peer)
    {
        _socket = socket;
        Peer = peer;
    }

    /// <summary>What the owner has of it.</summary>
    public BufferPeer Peer { get; }

    public FileDescriptor Socket => _socket;

    /// <summary>Connects and introduces itself as an importer does.</summary>
    public static RawImporter Join(Shared shared, ushort flags = 0)
    {
        FileDescriptor socket = Dial(shared.Address);
        Assert.That(TrySay(socket, Hello(flags)), Is.True);
        RawImporter raw = new(socket, shared.Queue.Accept(shared.Listener, Shared.Soon)!);
        shared.Own(raw);
        SharingMessage welcome = raw.Hear(out FileDescriptor? control);
        Assert.That((welcome.Kind, control is null), Is.EqualTo((MessageKind.Welcome, false)));
        control!.Dispose();
        return raw;
    }

    public static SharingMessage Hello(ushort flags = 0) => new() { Kind = MessageKind.Hello, Flags = flags, Length = (long)SharingMessage.Version };

    /// <summary>A connection, without a word.</summary>
    public static FileDescriptor Dial(string address)
    {
        FileDescriptor socket = MessageSocket.Create(nonBlocking: false)!;
        Assert.That(MessageSocket.TryConnect(socket, address), Is.True);
        return socket;
    }

    public static bool TrySay(FileDescriptor socket, SharingMessage message) => MessageSocket.TrySend(socket, SharingMessage.BytesOf(ref message));

    public void Say(SharingMessage message) => Assert.That(TrySay(_socket, message), Is.True, $"{message.Kind} could not be sent");

    /// <summary>Says something of a buffer that was exported or of a frame.</summary>
    public void Say(MessageKind kind, in SharingMessage about, long length = 0)
        => Say(new SharingMessage { Kind = kind, Slot = about.Slot, Generation = about.Generation, Index = about.Index, Sequence = about.Sequence, Length = length });

    public void SayBytes(ReadOnlySpan<byte> bytes) => Assert.That(MessageSocket.TrySend(_socket, bytes), Is.True);

    public void SayWith(SharingMessage message, IReadOnlyList<FileDescriptor> attached)
        => Assert.That(RawMessage.TrySend(_socket, SharingMessage.BytesOf(ref message), attached), Is.True);

    /// <summary>Waits for the next message.</summary>
    public SharingMessage Hear(out FileDescriptor? attached)
    {
        PollSet set = new();
        set.Add(_socket, forReading: true);
        Assert.That(set.Wait((int)Shared.Soon.TotalMilliseconds), Is.True, "nothing to hear");
        SharingMessage message = default;
        Assert.That(MessageSocket.Receive(_socket, SharingMessage.BytesOf(ref message), out attached), Is.EqualTo(SharingMessage.Bytes));
        return message;
    }

    /// <summary>Waits for the next message, which must be of a kind; notices of releases on the way are passed over.</summary>
    public SharingMessage Hear(MessageKind kind)
    {
        SharingMessage message;
        do
        {
            message = Hear(out FileDescriptor? attached);
            attached?.Dispose();
        }
        while (message.Kind == MessageKind.Released && kind != MessageKind.Released);

        Assert.That(message.Kind, Is.EqualTo(kind));
        return message;
    }

    /// <summary>Waits for an export; revocations and releases on the way are passed over.</summary>
    public SharingMessage HearExport(out FileDescriptor file)
    {
        SharingMessage export;
        FileDescriptor? attached;
        do
        {
            export = Hear(out attached);
        }
        while (export.Kind is MessageKind.Revoked or MessageKind.Released);

        Assert.That((export.Kind, attached is null), Is.EqualTo((MessageKind.Export, false)));
        file = attached!;
        return export;
    }

    /// <summary>Is given a buffer, says that it has it, and the owner has heard it.</summary>
    public SharingMessage Take(Shared shared, int index, out FileDescriptor file, BufferAccess access = BufferAccess.ReadOnly)
    {
        shared.Queue.Export(index, Peer, access);
        SharingMessage export = HearExport(out file);
        Say(MessageKind.Imported, export);
        Shared.Eventually(() => Peer.Unread == 0, "the owner hears that it was imported");
        return export;
    }

    public bool IsOver()
    {
        byte[] any = new byte[SharingMessage.Bytes];
        int got;
        while ((got = MessageSocket.Receive(_socket, any, out FileDescriptor? attached)) > 0)
        {
            attached?.Dispose();
        }

        return got == 0 || VirtualMemory.LastError == LinuxError.ConnectionReset;
    }

    public void Dispose() => _socket.Dispose();
}
