using System.Runtime.Versioning;
using MagAlloc.Sharing.Platform;

namespace MagAlloc.Sharing;

/// <summary>What a queue asks of the device that makes dma-bufs. Tests put others in its place, for few systems have one.</summary>
/// <param name="Open">The device, or null.</param>
/// <param name="Create">A dma-buf over a memory file, or null.</param>
/// <param name="CountHolders">How many hold a dma-buf, this process's own descriptors included; -1: unknown.</param>
[SupportedOSPlatform("linux")]
internal sealed record DmaBufCalls(
    Func<FileDescriptor?> Open, Func<FileDescriptor, FileDescriptor, long, FileDescriptor?> Create, Func<FileDescriptor, long> CountHolders)
{
    public static DmaBufCalls Kernel { get; } = new(DmaBufDevice.Open, DmaBufDevice.Create, DmaBufDevice.CountHolders);
}
