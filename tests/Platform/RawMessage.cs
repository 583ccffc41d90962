using System.Runtime.Versioning;
using MagAlloc.Sharing.Platform;

namespace MagAlloc.Tests.Platform;

/// <summary>Messages as only somebody else would send them.</summary>
[SupportedOSPlatform("linux")]
internal static unsafe class RawMessage
{
    private const int SocketLevel = 1;
    private const int Rights = 1;
    private const int DontWaitNoSignal = 0x4040;

    /// <summary>Sends a message with any number of descriptors, without waiting.</summary>
    public static bool TrySend(FileDescriptor socket, ReadOnlySpan<byte> message, IReadOnlyList<FileDescriptor> attached)
    {
        int bytes = 16 + (attached.Count * sizeof(int));
        Span<byte> control = new byte[(bytes + 7) & ~7];
        fixed (byte* start = control)
        fixed (byte* text = message)
        {
            *(nuint*)start = (nuint)bytes;
            ((int*)start)[2] = SocketLevel;
            ((int*)start)[3] = Rights;
            for (int i = 0; i < attached.Count; i++)
            {
                ((int*)start)[4 + i] = attached[i].Number;
            }

            MessagePart part = new() { Base = text, Length = (nuint)message.Length };
            MessageHeader header = new() { Parts = &part, PartCount = 1, Control = start, ControlLength = attached.Count == 0 ? 0 : (nuint)control.Length };
            return LinuxCalls.SendMessage(socket, &header, DontWaitNoSignal) == message.Length;
        }
    }
}
