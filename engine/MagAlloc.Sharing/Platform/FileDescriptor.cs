using System.Runtime.Versioning;
using MagAlloc.Platform;
using Microsoft.Win32.SafeHandles;

namespace MagAlloc.Sharing.Platform;

/// <summary>A file descriptor that this process owns: closed once, and not while a call is using it.</summary>
/// <remarks>
/// The count of a <see cref="System.Runtime.InteropServices.SafeHandle"/> is what keeps a number from being closed, and given to another
/// file, between the moment somebody reads it and the system call: all calls take the object.
/// </remarks>
[SupportedOSPlatform("linux")]
internal sealed class FileDescriptor : SafeHandleMinusOneIsInvalid
{
    /// <param name="number">Becomes this object's; -1 is none.</param>
    internal FileDescriptor(int number)
        : base(ownsHandle: true)
    {
        SetHandle(number);
    }

    /// <summary>The number, for messages and for paths in <c>/proc</c>. Stays right only while the caller keeps the object open.</summary>
    internal int Number => (int)handle;

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => LibC.Close((int)handle) == 0;
}
