using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using MagAlloc.Concurrency;
using MagAlloc.Sharing.Platform;

namespace MagAlloc.Sharing;

/// <summary>An importer's side of the <see cref="ControlPage"/>: mapped for reading.</summary>
/// <remarks>
/// A handle, so that who looks at a buffer while another thread disposes of the importer looks at mapped memory, or is told that it is gone.
/// </remarks>
[SupportedOSPlatform("linux")]
internal sealed unsafe class ControlView : SafeHandle
{
    private readonly nuint _bytes;

    /// <exception cref="BufferException">It could not be mapped.</exception>
    public ControlView(string importer, FileDescriptor file, long bytes, FaultPlan? faults)
        : base(0, ownsHandle: true)
    {
        _bytes = (nuint)bytes;
        SetHandle((nint)FileSteps.Map(importer, file, _bytes, writable: false, faults));
    }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    public int Slots => (int)(_bytes / sizeof(ulong));

    /// <summary>The word of a slot as it is behind everything that this thread has read so far.</summary>
    /// <returns><see cref="ControlWord.Revoked"/> if the importer is gone, too.</returns>
    public ulong Read(int slot)
    {
        // Contents are read by plain loads, which an acquiring load does not hold back: they must not be read after the word that vouches for them.
        Atomic.Fence();
        return Load(slot);
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => FileMapping.TryUnmap((byte*)handle, _bytes);

    private ulong Load(int slot)
    {
        bool added = false;
        try
        {
            DangerousAddRef(ref added);
            return Atomic.Load(ref ((ulong*)handle)[slot]);
        }
        catch (ObjectDisposedException)
        {
            return ControlWord.Revoked;
        }
        finally
        {
            if (added)
            {
                DangerousRelease();
            }
        }
    }
}
