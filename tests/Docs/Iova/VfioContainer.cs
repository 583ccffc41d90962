using System.ComponentModel;
using System.Runtime.InteropServices;

namespace MagAlloc.Tests.Docs.Iova;

// example:begin
/// <summary>The two calls of a VFIO type 1 container, from linux/vfio.h.</summary>
internal sealed unsafe partial class VfioContainer(SafeHandle container) : IDmaMap
{
    private const uint Read = 1;
    private const uint Write = 2;
    private const nuint MapDma = 0x3B71;   // _IO(';', 100 + 13)
    private const nuint UnmapDma = 0x3B72; // _IO(';', 100 + 14)

    public void Map(ulong iova, void* memory, ulong bytes)
    {
        DmaMap request = new() { Size = (uint)sizeof(DmaMap), Flags = Read | Write, Address = (ulong)memory, Iova = iova, Bytes = bytes };
        Call(MapDma, &request);
    }

    public void Unmap(ulong iova, ulong bytes)
    {
        DmaUnmap request = new() { Size = (uint)sizeof(DmaUnmap), Iova = iova, Bytes = bytes };
        Call(UnmapDma, &request);
        if (request.Bytes != bytes)
        {
            throw new IOException($"{request.Bytes} bytes were mapped at 0x{iova:x}, not {bytes}.");
        }
    }

    private void Call(nuint command, void* request)
    {
        if (ControlDevice(container, command, request) != 0)
        {
            throw new IOException("The IOMMU refused.", new Win32Exception(Marshal.GetLastPInvokeError()));
        }
    }

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int ControlDevice(SafeHandle file, nuint command, void* request);

    /// <summary>struct vfio_iommu_type1_dma_map.</summary>
    internal struct DmaMap
    {
        public uint Size;
        public uint Flags;
        public ulong Address;
        public ulong Iova;
        public ulong Bytes;
    }

    /// <summary>struct vfio_iommu_type1_dma_unmap; the kernel writes back how many bytes it unmapped.</summary>
    internal struct DmaUnmap
    {
        public uint Size;
        public uint Flags;
        public ulong Iova;
        public ulong Bytes;
    }
}
// example:end
