using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Text;
using MagAlloc.Platform;

namespace MagAlloc.Sharing.Platform;

/// <summary>Local sockets that keep messages whole and in order (<c>AF_UNIX</c>, <c>SOCK_SEQPACKET</c>), and can carry descriptors.</summary>
/// <remarks>
/// .NET's <c>Socket</c> cannot send descriptors, and drops those that come. Refusals are return values; <see cref="VirtualMemory.LastError"/>
/// says why. No call here raises SIGPIPE. Any thread, any time.
/// </remarks>
[SupportedOSPlatform("linux")]
internal static unsafe class MessageSocket
{
    /// <summary>The longest path of a socket, in bytes.</summary>
    internal const int LongestPath = AddressBytes - 3;

    private const int Family = 1;
    private const int Sequenced = 5;
    private const int CloseOnExec = 0x80000;
    private const int NonBlocking = 0x800;
    private const int AddressBytes = 110;

    private const int SocketLevel = 1;
    private const int SendBufferOption = 7;
    private const int PeerCredentials = 17;
    private const int ReceiveTimeoutOption = 20;
    private const int SendTimeoutOption = 21;
    private const int PeerProcess = 77;
    private const int Rights = 1;

    private const int DontWait = 0x40;
    private const int NoSignal = 0x4000;
    private const int ControlCloseOnExec = 0x40000000;
    private const int Truncated = 0x20;

    private const int ControlHeaderBytes = 16;

    /// <summary>Two connected sockets.</summary>
    internal static bool TryCreatePair(out FileDescriptor? first, out FileDescriptor? second)
    {
        int* pair = stackalloc int[2];
        bool made = LinuxCalls.CreateSocketPair(Family, Sequenced | CloseOnExec, 0, pair) == 0;
        first = made ? new FileDescriptor(pair[0]) : null;
        second = made ? new FileDescriptor(pair[1]) : null;
        return made;
    }

    /// <summary>A socket, not connected yet.</summary>
    /// <param name="nonBlocking">Accept does not wait.</param>
    internal static FileDescriptor? Create(bool nonBlocking)
        => Owned(LinuxCalls.CreateSocket(Family, Sequenced | CloseOnExec | (nonBlocking ? NonBlocking : 0), 0));

    /// <param name="socket">From <see cref="Create"/>.</param>
    /// <param name="address">A path, or <c>@name</c> in the abstract space, which leaves no file behind.</param>
    internal static bool TryBind(FileDescriptor socket, string address)
    {
        byte* bytes = stackalloc byte[AddressBytes];
        return LinuxCalls.Bind(socket, bytes, WriteAddress(address, bytes)) == 0;
    }

    internal static bool TryListen(FileDescriptor socket, int backlog) => LinuxCalls.Listen(socket, backlog) == 0;

    /// <param name="socket">From <see cref="Create"/>.</param>
    /// <param name="address">As in <see cref="TryBind"/>.</param>
    /// <param name="wait">Of a socket that waits: what <see cref="SetSendTimeout"/> was told.</param>
    internal static bool TryConnect(FileDescriptor socket, string address, TimeSpan wait = default)
    {
        byte* bytes = stackalloc byte[AddressBytes];
        uint length = WriteAddress(address, bytes);
        long start = 0;
        while (LinuxCalls.Connect(socket, bytes, length) != 0)
        {
            if (!MayGoOn(ref start, wait))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Takes a connection that waits.</summary>
    internal static FileDescriptor? Accept(FileDescriptor socket) => Owned(LinuxCalls.Accept(socket, null, null, CloseOnExec));

    /// <summary>Ends both directions: whoever waits at either end sees the end.</summary>
    internal static void Shutdown(FileDescriptor socket)
    {
        const int Both = 2;
        _ = LinuxCalls.Shutdown(socket, Both);
    }

    /// <summary>Sends a message.</summary>
    /// <param name="socket">Connected.</param>
    /// <param name="message">Sent as a whole, or not.</param>
    /// <param name="wait">How long to wait for room: what <see cref="SetSendTimeout"/> was told. Default: not at all.</param>
    internal static bool TrySend(FileDescriptor socket, ReadOnlySpan<byte> message, TimeSpan wait = default)
    {
        int flags = (wait == TimeSpan.Zero ? DontWait : 0) | NoSignal;
        long start = 0;
        fixed (byte* bytes = message)
        {
            while (LinuxCalls.Send(socket, bytes, (nuint)message.Length, flags) != message.Length)
            {
                if (!MayGoOn(ref start, wait))
                {
                    return false;
                }
            }
        }

        return true;
    }

    /// <summary>Sends a message with one descriptor, without waiting for room. The receiver gets a descriptor of the same description.</summary>
    internal static bool TrySend(FileDescriptor socket, ReadOnlySpan<byte> message, FileDescriptor attached)
    {
        bool added = false;
        attached.DangerousAddRef(ref added);
        try
        {
            nuint* control = stackalloc nuint[3];
            control[0] = ControlHeaderBytes + sizeof(int);
            ((int*)control)[2] = SocketLevel;
            ((int*)control)[3] = Rights;
            ((int*)control)[4] = attached.Number;
            ((int*)control)[5] = 0;
            fixed (byte* bytes = message)
            {
                MessagePart part = new() { Base = bytes, Length = (nuint)message.Length };
                MessageHeader header = new() { Parts = &part, PartCount = 1, Control = control, ControlLength = 3 * (nuint)sizeof(nuint) };
                return LinuxCalls.SendMessage(socket, &header, DontWait | NoSignal) == message.Length;
            }
        }
        finally
        {
            attached.DangerousRelease();
        }
    }

    /// <summary>Receives a message that is there, without waiting. Descriptors that came with it are closed by the kernel.</summary>
    /// <returns>Its length, though only so much of it as fits was copied; 0: the other end is gone; -1: none is there, or an error.</returns>
    internal static int Receive(FileDescriptor socket, Span<byte> message)
    {
        fixed (byte* bytes = message)
        {
            return (int)LinuxCalls.Receive(socket, bytes, (nuint)message.Length, DontWait | Truncated);
        }
    }

    /// <summary>Receives a message with the descriptor that came with it.</summary>
    /// <param name="socket">Connected.</param>
    /// <param name="message">Room for it.</param>
    /// <param name="attached">The descriptor, or null. Of several the first; the others are closed.</param>
    /// <param name="wait">Waits for a message as long as <see cref="SetReceiveTimeout"/> says. Default: only one that is there.</param>
    /// <returns>As <see cref="Receive(FileDescriptor, Span{byte})"/>.</returns>
    internal static int Receive(FileDescriptor socket, Span<byte> message, out FileDescriptor? attached, bool wait = false)
    {
        attached = null;

        // Room for several, so that what a peer sends beyond the one that is expected can be closed here; the kernel closes the rest.
        const int Words = 2 + 8;
        nuint* control = stackalloc nuint[Words];
        fixed (byte* bytes = message)
        {
            MessagePart part = new() { Base = bytes, Length = (nuint)message.Length };
            MessageHeader header = new() { Parts = &part, PartCount = 1, Control = control, ControlLength = Words * (nuint)sizeof(nuint) };
            int length = (int)LinuxCalls.ReceiveMessage(socket, &header, (wait ? 0 : DontWait) | Truncated | ControlCloseOnExec);
            if (length >= 0)
            {
                attached = TakeDescriptors(control, header.ControlLength);
            }

            return length;
        }
    }

    /// <summary>Makes room for a number of short messages that the other end has not read yet. The system may allow less.</summary>
    internal static void SetSendBuffer(FileDescriptor socket, int bytes)
        => _ = LinuxCalls.SetOption(socket, SocketLevel, SendBufferOption, &bytes, sizeof(int));

    /// <summary>What the system allowed, in bytes of its own memory; 0 where it does not say.</summary>
    internal static int SendBufferOf(FileDescriptor socket)
    {
        int bytes = 0;
        uint length = sizeof(int);
        return LinuxCalls.GetOption(socket, SocketLevel, SendBufferOption, &bytes, &length) == 0 ? bytes : 0;
    }

    /// <summary>How long a waiting receive waits; in steps of the kernel's clock, some milliseconds.</summary>
    /// <param name="socket">Any.</param>
    /// <param name="timeout"><see cref="Timeout.InfiniteTimeSpan"/>: without end.</param>
    internal static bool SetReceiveTimeout(FileDescriptor socket, TimeSpan timeout) => SetTimeout(socket, ReceiveTimeoutOption, timeout);

    /// <summary>How long a waiting send waits for room.</summary>
    internal static bool SetSendTimeout(FileDescriptor socket, TimeSpan timeout) => SetTimeout(socket, SendTimeoutOption, timeout);

    /// <summary>Process and user at the other end, as they were when it connected.</summary>
    internal static bool TryGetPeer(FileDescriptor socket, out int process, out uint user)
    {
        int* credentials = stackalloc int[3];
        uint length = 3 * sizeof(int);
        bool known = LinuxCalls.GetOption(socket, SocketLevel, PeerCredentials, credentials, &length) == 0;
        process = known ? credentials[0] : 0;
        user = known ? (uint)credentials[1] : uint.MaxValue;
        return known;
    }

    /// <summary>A descriptor of the process at the other end: readable when it has ended, whoever has its number then.</summary>
    /// <returns>Null where the kernel has no such thing (before Linux 6.5), or the process is gone.</returns>
    internal static FileDescriptor? OpenPeer(FileDescriptor socket)
    {
        int process = -1;
        uint length = sizeof(int);
        return LinuxCalls.GetOption(socket, SocketLevel, PeerProcess, &process, &length) == 0 ? Owned(process) : null;
    }

    /// <summary>Whether a signal has ended a wait, and there is time left. The system does not go on by itself where a timeout is set.</summary>
    private static bool MayGoOn(ref long start, TimeSpan wait)
    {
        if (VirtualMemory.LastError != LinuxError.Interrupted)
        {
            return false;
        }

        start = start == 0 ? Stopwatch.GetTimestamp() : start;
        if (Stopwatch.GetElapsedTime(start) < wait)
        {
            return true;
        }

        Marshal.SetLastPInvokeError(LinuxError.TryAgain);
        return false;
    }

    private static bool SetTimeout(FileDescriptor socket, int option, TimeSpan timeout)
    {
        // struct timeval; zeros mean for ever.
        long microseconds = timeout == Timeout.InfiniteTimeSpan ? 0 : Math.Max(1, (long)timeout.TotalMicroseconds);
        long* value = stackalloc long[2];
        value[0] = microseconds / 1_000_000;
        value[1] = microseconds % 1_000_000;
        return LinuxCalls.SetOption(socket, SocketLevel, option, value, 2 * sizeof(long)) == 0;
    }

    /// <returns>Bytes of the address.</returns>
    private static uint WriteAddress(string address, byte* into)
    {
        Span<byte> bytes = new(into, AddressBytes);
        bytes.Clear();
        MemoryMarshal.Write(bytes, (ushort)Family);
        int length = Encoding.UTF8.GetBytes(address, bytes[sizeof(ushort)..^1]);
        if (address.StartsWith('@'))
        {
            // The abstract space: the name begins behind a zero, and its length counts.
            bytes[sizeof(ushort)] = 0;
            return (uint)(sizeof(ushort) + length);
        }

        return AddressBytes;
    }

    private static FileDescriptor? TakeDescriptors(nuint* control, nuint length)
    {
        if (length < ControlHeaderBytes + sizeof(int) || ((int*)control)[2] != SocketLevel || ((int*)control)[3] != Rights)
        {
            return null;
        }

        int count = (int)(Math.Min(control[0], length) - ControlHeaderBytes) / sizeof(int);
        int* numbers = (int*)control + (ControlHeaderBytes / sizeof(int));
        for (int i = 1; i < count; i++)
        {
            _ = LibC.Close(numbers[i]);
        }

        return new FileDescriptor(numbers[0]);
    }

    private static FileDescriptor? Owned(int number) => number < 0 ? null : new FileDescriptor(number);
}
