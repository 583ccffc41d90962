using System.Runtime.InteropServices;

namespace MagAlloc;

/// <summary>The operating system refused a call that MagAlloc cannot do without.</summary>
/// <remarks>The message names the call, what the system said about it, and what to do.</remarks>
public sealed class PlatformException : Exception
{
    internal PlatformException(string call, int error, string advice)
        : base($"{call} failed: {Describe(error)} (error {error}). {advice}")
    {
        Call = call;
        Error = error;
    }

    /// <summary>The refused call, as the system's manual names it, for example <c>mmap</c>.</summary>
    public string Call { get; }

    /// <summary>The system's error number: <c>errno</c> on Unix, the value of <c>GetLastError</c> on Windows.</summary>
    public int Error { get; }

    // Windows ends its messages with a full stop and a line end.
    private static string Describe(int error) => Marshal.GetPInvokeErrorMessage(error).TrimEnd('.', ' ', '\r', '\n');
}
