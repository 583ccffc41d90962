using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using MagAlloc.Platform;
using MagAlloc.Sharing.Platform;

namespace MagAlloc.Tests.Sharing.Support;

/// <summary>While this lives the process gets no further descriptor. For a moment only, and with nothing running beside it.</summary>
[SupportedOSPlatform("linux")]
internal sealed unsafe partial class DescriptorFamine : IDisposable
{
    private const int OpenFiles = 7;

    private readonly ulong _soft;
    private readonly ulong _hard;

    public DescriptorFamine()
    {
        ulong* limits = stackalloc ulong[2];
        Assert.That(LibC.GetLimit(OpenFiles, limits), Is.Zero);
        (_soft, _hard) = (limits[0], limits[1]);
        using FileDescriptor lowest = Doorbell.Create()!;
        Set((ulong)lowest.Number);
    }

    public void Dispose() => Set(_soft);

    private void Set(ulong soft)
    {
        ulong* limits = stackalloc ulong[] { soft, _hard };
        Assert.That(SetLimit(OpenFiles, limits), Is.Zero);
    }

    [LibraryImport("libc", EntryPoint = "setrlimit")]
    private static partial int SetLimit(int resource, ulong* softAndHard);
}
