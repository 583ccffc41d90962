using System.Runtime.Versioning;
using MagAlloc.Platform;
using MagAlloc.Sharing.Platform;

namespace MagAlloc.Sharing;

/// <summary>
/// How whoever has connected becomes an importer: it introduces itself, and is given the control page. Without any
/// lock.
/// </summary>
[SupportedOSPlatform("linux")]
internal static class PeerGreeting
{
    // A message of 48 bytes takes some 700 of the kernel's memory.
    private const int BytesOfWaitingMessage = 1024;
    private const int MostSendBuffer = 4 << 20;
    private const int LeastFrameRoom = 16;

    /// <summary>Asks a connected socket who is there.</summary>
    /// <param name="core">The importer's queue.</param>
    /// <param name="options">The queue's.</param>
    /// <param name="control">Given to the importer.</param>
    /// <param name="socket">Becomes the importer's; the caller's if this fails, or there is none.</param>
    /// <param name="timeout">For its first message.</param>
    /// <param name="isMisuse">It said what no importer says first.</param>
    /// <returns>Null when it is none, or gone again.</returns>
    /// <exception cref="BufferException">The system refused a step.</exception>
    public static BufferPeer? Greet(
        QueueCore core, BufferQueueOptions options, ControlPage control, FileDescriptor socket, TimeSpan timeout, out bool isMisuse)
    {
        isMisuse = false;
        if (FileSteps.Fails(options.Faults, FaultPoint.PeerProcess) || !MessageSocket.TryGetPeer(socket, out int number, out uint user))
        {
            throw BufferException.LastRefused(options.Name, "SO_PEERCRED");
        }

        FileDescriptor? process = FileSteps.Fails(options.Faults, FaultPoint.PeerProcess) ? null : OpenProcessOf(socket, number);
        try
        {
            // Exports that are not read yet, revocations, ends of streams.
            int otherMessages = options.ImporterUnread + 64;
            MessageSocket.SetSendBuffer(socket, (int)Math.Min(MostSendBuffer, ((2L * options.MaxBuffers) + otherMessages) * BytesOfWaitingMessage));
            if (!TryReceiveHello(socket, timeout, out SharingMessage hello, out isMisuse) || !TrySendWelcome(options, control, socket))
            {
                process?.Dispose();
                return null;
            }

            return new BufferPeer(core, socket, process, number, user, (hello.Flags & SharingMessage.AcceptsRevocable) != 0)
            {
                // As many again may be of a stream that was stopped, and not read yet.
                FrameRoom = Math.Max(LeastFrameRoom, ((MessageSocket.SendBufferOf(socket) / BytesOfWaitingMessage) - otherMessages) / 2),
            };
        }
        catch
        {
            process?.Dispose();
            throw;
        }
    }

    public static bool IsPeersFault(int error) => error is LinuxError.BrokenPipe or LinuxError.ConnectionReset or LinuxError.TryAgain;

    /// <summary>
    /// By its number only where the kernel does not know better: that may be another process's by then.
    /// </summary>
    private static FileDescriptor? OpenProcessOf(FileDescriptor socket, int number)
        => MessageSocket.OpenPeer(socket) ?? (VirtualMemory.LastError == LinuxError.NoSuchOption ? ProcessDescriptor.Open(number) : null);

    /// <returns>False when who connected has left, says nothing in time, or something that no importer says
    /// first.</returns>
    private static bool TryReceiveHello(FileDescriptor socket, TimeSpan timeout, out SharingMessage hello, out bool isMisuse)
    {
        var set = new PollSet();
        set.Add(socket, forReading: true);
        hello = default;
        isMisuse = false;
        if (!set.Wait(Ticks.MillisecondsOf(timeout)))
        {
            return false;
        }

        int got = MessageSocket.Receive(socket, SharingMessage.BytesOf(ref hello));
        bool isHello = got == SharingMessage.Bytes && hello.Kind == MessageKind.Hello && hello.Length == (long)SharingMessage.Version;
        isMisuse = got > 0 && !isHello;
        return isHello;
    }

    /// <returns>False when who connected is gone.</returns>
    private static bool TrySendWelcome(BufferQueueOptions options, ControlPage control, FileDescriptor socket)
    {
        SharingMessage welcome = new() { Kind = MessageKind.Welcome, Length = control.Bytes };
        if (!FileSteps.Fails(options.Faults, FaultPoint.Message) && MessageSocket.TrySend(socket, SharingMessage.BytesOf(ref welcome), control.Readable))
        {
            return true;
        }

        if (!IsPeersFault(VirtualMemory.LastError))
        {
            throw BufferException.LastRefused(options.Name, "sendmsg");
        }

        return false;
    }
}
