using System.Runtime.InteropServices;

namespace MagAlloc.Sharing;

/// <summary>A message between owner and importer: one datagram of this size, whatever it says. Both are on one machine, so it is sent as it lies here.</summary>
[StructLayout(LayoutKind.Explicit, Size = Bytes)]
internal struct SharingMessage
{
    /// <summary>Size of every message.</summary>
    public const int Bytes = 48;

    /// <summary>What both ends must speak.</summary>
    public const ulong Version = 1;

    /// <summary>In <see cref="Flags"/> of <see cref="MessageKind.Hello"/>: revocable buffers are welcome.</summary>
    public const ushort AcceptsRevocable = 1;

    /// <summary>In <see cref="Flags"/> of <see cref="MessageKind.Export"/>: for writing as well.</summary>
    public const ushort Writable = 1;

    /// <summary>In <see cref="Flags"/> of <see cref="MessageKind.Export"/>, above: the profile.</summary>
    public const int ProfileShift = 8;

    /// <summary>In <see cref="Flags"/> of <see cref="MessageKind.Frame"/>: the last one.</summary>
    public const ushort Last = 1;

    [FieldOffset(0)]
    public MessageKind Kind;

    [FieldOffset(2)]
    public ushort Flags;

    /// <summary>The buffer's place on the control page.</summary>
    [FieldOffset(4)]
    public int Slot;

    /// <summary>Which life of the slot.</summary>
    [FieldOffset(8)]
    public uint Generation;

    /// <summary>The buffer's index in its queue; of <see cref="MessageKind.Refused"/> the error number.</summary>
    [FieldOffset(12)]
    public int Index;

    /// <summary>A frame's number.</summary>
    [FieldOffset(16)]
    public long Sequence;

    /// <summary>Length of a buffer or of the control page, or bytes used of a frame; of <see cref="MessageKind.Hello"/> the version.</summary>
    [FieldOffset(24)]
    public long Length;

    /// <summary>When a frame was queued, on the clock of <see cref="System.Diagnostics.Stopwatch"/>, which all processes of a machine share.</summary>
    [FieldOffset(32)]
    public long Timestamp;

    public static Span<byte> BytesOf(ref SharingMessage message) => MemoryMarshal.AsBytes(new Span<SharingMessage>(ref message));
}
