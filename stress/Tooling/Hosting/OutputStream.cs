using System.Runtime.InteropServices;

namespace MagAlloc.Tooling.Hosting;

/// <summary>
/// Standard output or standard error, on systems with descriptors. A write never throws, on whichever thread: the first that fails is remembered, and told to
/// whoever runs the program. (The runtime's own stream hides a closed pipe, so that a program writes for ever into nothing, and throws everything else
/// at whoever happens to write.) Any thread.
/// </summary>
internal sealed partial class OutputStream(int descriptor) : Stream
{
    private const int Interrupted = 4; // EINTR
    private const int Again = 11; // EAGAIN on Linux
    private const int AgainOnMac = 35;
    private const int BrokenPipe = 32; // EPIPE

    private static readonly TimeSpan s_full = TimeSpan.FromMilliseconds(1);

    private readonly CancellationTokenSource _ended = new();
    private string? _failure;
    private bool _isUsed;

    /// <summary>Cancelled when nothing can be written any more.</summary>
    public CancellationToken Ended => _ended.Token;

    /// <summary>Why; null where the reader of a pipe has gone, which is no failure.</summary>
    public string? Failure => Volatile.Read(ref _failure);

    /// <summary>Something was to be written.</summary>
    public bool IsUsed => Volatile.Read(ref _isUsed);

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Writes nothing from now on.</summary>
    /// <param name="failure">Why; null: nobody reads any more.</param>
    public void End(string? failure)
    {
        if (_ended.IsCancellationRequested)
            return;
        Interlocked.CompareExchange(ref _failure, failure, null);
        _ended.Cancel();
    }

    public override unsafe void Write(ReadOnlySpan<byte> buffer)
    {
        if (buffer.Length != 0)
            Volatile.Write(ref _isUsed, true);
        while (buffer.Length != 0 && !_ended.IsCancellationRequested)
        {
            nint written;
            int error;
            fixed (byte* bytes = buffer)
            {
                written = WriteTo(descriptor, bytes, (nuint)buffer.Length);
                error = Marshal.GetLastPInvokeError();
            }

            if (written >= 0)
                buffer = buffer[(int)written..];
            else if (error == (OperatingSystem.IsMacOS() ? AgainOnMac : Again))
                Thread.Sleep(s_full);
            else if (error != Interrupted)
                End(error == BrokenPipe ? null : Marshal.GetPInvokeErrorMessage(error));
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
        // Nothing is kept here.
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static unsafe partial nint WriteTo(int descriptor, byte* bytes, nuint count);
}
