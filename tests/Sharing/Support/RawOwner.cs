using System.Runtime.Versioning;
using MagAlloc.Sharing.Platform;

namespace MagAlloc.Tests.Sharing.Support;

/// <summary>An owner that speaks the wire format by itself, and so can send what no owner would.</summary>
[SupportedOSPlatform("linux")]
internal sealed class RawOwner : IDisposable
{
    public const int Slots = 512;

    private static int s_last;

    private readonly FileDescriptor _listening;
    private FileDescriptor? _socket;

    public RawOwner()
    {
        Address = $"@magalloc-raw-{Environment.ProcessId}-{Interlocked.Increment(ref s_last)}";
        _listening = MessageSocket.Create(nonBlocking: true)!;
        Assert.That(MessageSocket.TryBind(_listening, Address) && MessageSocket.TryListen(_listening, 8), Is.True);
        Control = ControlPage.Create("raw", Slots, null);
    }

    public string Address { get; }

    public ControlPage Control { get; }

    public FileDescriptor Socket => _socket!;

    /// <summary>Begins to connect an importer, and hears its first message.</summary>
    public Task<BufferImporter> Accept(BufferImporterOptions? options = null)
    {
        Task<BufferImporter> connecting = Task.Run(() => BufferImporter.Connect(Address, options));
        Take();
        return connecting;
    }

    /// <summary>Takes the connection of one that comes, and hears its first message.</summary>
    public void Take()
    {
        PollSet set = new();
        set.Add(_listening, forReading: true);
        Assert.That(set.Wait((int)Shared.Soon.TotalMilliseconds), Is.True);
        _socket?.Dispose();
        _socket = MessageSocket.Accept(_listening)!;
        Assert.That(Hear().Kind, Is.EqualTo(MessageKind.Hello));
    }

    /// <summary>Connects an importer as an owner does.</summary>
    public BufferImporter Meet(BufferImporterOptions? options = null)
    {
        Task<BufferImporter> connecting = Accept(options);
        Welcome(Control.Readable, Control.Bytes);
        return connecting.GetAwaiter().GetResult();
    }

    public void Welcome(FileDescriptor? control, long bytes, MessageKind kind = MessageKind.Welcome)
        => Send(new SharingMessage { Kind = kind, Length = bytes }, control);

    /// <summary>Says that a slot is live, and exports a file for it.</summary>
    public SharingMessage Export(int slot, uint generation, FileDescriptor? file, long bytes, BufferProfile profile = BufferProfile.Stable, bool writable = false)
    {
        if ((uint)slot < Slots)
        {
            Control.Publish(slot, ControlWord.OfLive(generation));
        }

        SharingMessage export = new()
        {
            Kind = MessageKind.Export,
            Flags = (ushort)((writable ? SharingMessage.Writable : 0) | ((int)profile << SharingMessage.ProfileShift)),
            Slot = slot,
            Generation = generation,
            Index = slot,
            Length = bytes,
        };
        Send(export, file);
        return export;
    }

    public void Send(SharingMessage message, FileDescriptor? attached = null)
    {
        bool sent = attached is null
            ? MessageSocket.TrySend(Socket, SharingMessage.BytesOf(ref message))
            : MessageSocket.TrySend(Socket, SharingMessage.BytesOf(ref message), attached);
        Assert.That(sent, Is.True, $"{message.Kind} could not be sent");
    }

    public SharingMessage Hear()
    {
        PollSet set = new();
        set.Add(Socket, forReading: true);
        Assert.That(set.Wait((int)Shared.Soon.TotalMilliseconds), Is.True, "nothing to hear");
        SharingMessage message = default;
        Assert.That(MessageSocket.Receive(Socket, SharingMessage.BytesOf(ref message)), Is.EqualTo(SharingMessage.Bytes));
        return message;
    }

    public void HangUp()
    {
        _socket?.Dispose();
        _socket = null;
    }

    public void Dispose()
    {
        HangUp();
        _listening.Dispose();
        Control.Dispose();
    }
}
