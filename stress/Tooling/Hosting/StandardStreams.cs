using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace MagAlloc.Tooling.Hosting;

/// <summary>The process's standard streams, made safe before anything is written to them.</summary>
internal static partial class StandardStreams
{
    private const int Input = 0;
    private const int Output = 1;
    private const int Error = 2;
    private const int GetDescriptorFlags = 1; // F_GETFD
    private const int CloseOnExec = 1; // FD_CLOEXEC

    // Open for the process's life: they hold the numbers of closed descriptors.
    private static readonly List<SafeFileHandle> s_placeholders = [];

    private static OutputStream? s_output;
    private static OutputStream? s_error;

    /// <summary>Cancelled when nobody reads standard output any more, or it can take no more: there is no use in going on. The run has not failed for that; of the second, the host tells.</summary>
    public static CancellationToken OutputEnded => s_output?.Ended ?? CancellationToken.None;

    /// <summary>Why standard output takes no more; null if it does, or its reader has gone.</summary>
    public static string? OutputFailure => s_output?.Failure;

    /// <summary>Something was told on standard error.</summary>
    public static bool IsErrorUsed => s_error is { IsUsed: true };

    /// <summary>Puts streams that never throw under <see cref="Console.Out"/> and <see cref="Console.Error"/>. Once, at the start of the process.</summary>
    public static void Protect()
    {
        if (OperatingSystem.IsWindows())
            return;
        IsThere(Input);
        s_output = new OutputStream(Output);
        s_error = new OutputStream(Error);

        // Compiled now: without descriptors no assembly can be loaded any more for the line that says so.
        s_output.Write([]);
        s_error.Write([]);
        if (!IsThere(Output))
            s_output.End("it is closed");
        if (!IsThere(Error))
            s_error.End("it is closed");
        Console.SetOut(WriterOf(s_output));
        Console.SetError(WriterOf(s_error));
    }

    private static StreamWriter WriterOf(Stream stream) => new(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { AutoFlush = true };

    /// <summary>
    /// Whether the process was given this descriptor. The number of a closed one goes to whatever is opened next: to one of the runtime's own pipes, which
    /// must not be written to (those are closed on exec, what was given is not, else it would not be here), or to the next file, which is prevented.
    /// </summary>
    private static bool IsThere(int descriptor)
    {
        int flags = DescriptorFlags(descriptor, GetDescriptorFlags);
        if (flags >= 0)
            return (flags & CloseOnExec) == 0;

        s_placeholders.Add(File.OpenHandle("/dev/null", FileMode.Open, FileAccess.Read));
        return false;
    }

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int DescriptorFlags(int descriptor, int command);
}
