using System.Globalization;
using System.Runtime.Versioning;
using MagAlloc.Platform;

namespace MagAlloc.Sharing.Platform;

/// <summary>Makes the kernel's own shareable buffers out of memory files (<c>/dev/udmabuf</c>), for drivers.</summary>
/// <remarks><b>Untested</b> but for the reading of what <c>/proc</c> says: no machine of ours has the device.</remarks>
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
            int number = LibC.Open(path, OpenCloseOnExec | OpenReadWrite, 0);
            return number < 0 ? null : new FileDescriptor(number);
        }
    }

    /// <summary>How many hold a dma-buf: descriptors, this one included, messages on their way, and drivers that are attached to it.</summary>
    /// <returns>-1 where the kernel does not say.</returns>
    internal static long CountHolders(FileDescriptor dmaBuf)
    {
        bool added = false;
        try
        {
            dmaBuf.DangerousAddRef(ref added);
            return HoldersIn(File.ReadLines($"/proc/self/fdinfo/{dmaBuf.Number}"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return -1;
        }
        finally
        {
            if (added)
            {
                dmaBuf.DangerousRelease();
            }
        }
    }

    /// <summary>The same out of what <c>/proc</c> says of its descriptor; the reader of that is left out there.</summary>
    internal static long HoldersIn(IEnumerable<string> lines)
    {
        const string Count = "count:";
        string? line = lines.FirstOrDefault(line => line.StartsWith(Count, StringComparison.Ordinal));
        return line is not null
            && long.TryParse(line.AsSpan(Count.Length), NumberStyles.AllowLeadingWhite, CultureInfo.InvariantCulture, out long count) ? count : -1;
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
