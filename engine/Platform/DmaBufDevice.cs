using System.Runtime.Versioning;

namespace MagAlloc.Platform;

/// <summary>Makes the kernel's own shareable buffers out of memory files (<c>/dev/udmabuf</c>), for drivers.</summary>
/// <remarks><b>Untested</b>: no machine of ours has the device.</remarks>
[SupportedOSPlatform("linux")]
internal static unsafe class DmaBufDevice
{
    /// <summary>Where the device is, on systems that have it.</summary>
    internal const string Path = "/dev/udmabuf";

    // _IOW('u', 0x42, struct udmabuf_create)
    private const nuint CreateRequest = 0x40187542;
    private const uint CloseOnExec = 1;
    private const int OpenCloseOnExec = 0x80000;
    private const int OpenReadWrite = 2;

    /// <returns>Null when there is none, or it is not for us.</returns>
    internal static FileDescriptor? Open()
    {
        fixed (byte* path = "/dev/udmabuf\0"u8)
        {
            int number = LinuxCalls.Open(path, OpenCloseOnExec | OpenReadWrite, 0);
            return number < 0 ? null : new FileDescriptor(number);
        }
    }

    /// <summary>A dma-buf over all pages of a memory file, which is sealed against shrinking and not against writing.</summary>
    internal static FileDescriptor? Create(FileDescriptor device, FileDescriptor file, long bytes)
    {
        bool added = false;
        file.DangerousAddRef(ref added);
        try
        {
            // struct udmabuf_create: memfd, flags, offset, size.
            byte* request = stackalloc byte[24];
            *(uint*)request = (uint)file.Number;
            *(uint*)(request + 4) = CloseOnExec;
            *(ulong*)(request + 8) = 0;
            *(ulong*)(request + 16) = (ulong)bytes;
            int number = LinuxCalls.DeviceControl(device, CreateRequest, request);
            return number < 0 ? null : new FileDescriptor(number);
        }
        finally
        {
            file.DangerousRelease();
        }
    }
}
