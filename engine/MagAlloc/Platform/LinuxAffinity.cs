using System.Runtime.Versioning;

namespace MagAlloc.Platform;

/// <summary>
/// Which CPUs a thread may run on, as Linux keeps it. Called by <see cref="ThreadAffinity"/> and <see cref="PinnedThread"/>.
/// </summary>
[SupportedOSPlatform("linux")]
internal static unsafe class LinuxAffinity
{
    // 1,024 CPUs, what the C library's fixed-size mask holds; the kernel may be built for more.
    private const int SmallestMaskWords = 16;

    // 1,048,576 CPUs: a kernel that still refuses means something else by it.
    private const int LargestMaskWords = 16 * 1024;

    private const int CallingThread = 0;

    /// <summary>The CPUs of the process: those of its first thread, whose number is the process's own.</summary>
    internal static CpuMask OfProcess() => Get(Environment.ProcessId);

    /// <summary>The CPUs of the calling thread.</summary>
    internal static CpuMask OfThread() => Get(CallingThread);

    /// <summary>The CPU that runs the caller now; -1 when the system cannot tell.</summary>
    internal static int CurrentCpu() => LibC.GetCpu();

    /// <summary>Moves the calling thread to the CPUs of a mask.</summary>
    /// <exception cref="PlatformException">The kernel refused.</exception>
    internal static void SetThread(CpuMask mask)
    {
        fixed (ulong* words = mask.Words)
        {
            if (LibC.SetAffinity(CallingThread, (nuint)mask.Words.Length * sizeof(ulong), words) != 0)
            {
                throw new PlatformException(
                    "sched_setaffinity",
                    VirtualMemory.LastError,
                    $"CPUs {mask} were asked for; check that the container's or service's CPU set still allows them.");
            }
        }
    }

    /// <summary>The kernel refuses a buffer smaller than its own mask, and there is no way to ask how large that is: double until it fits.</summary>
    private static CpuMask Get(int thread)
    {
        for (int length = SmallestMaskWords; ; length *= 2)
        {
            var mask = new CpuMask(length);
            fixed (ulong* words = mask.Words)
            {
                if (LibC.GetAffinity(thread, (nuint)length * sizeof(ulong), words) >= 0)
                {
                    return mask;
                }
            }

            int error = VirtualMemory.LastError;
            if (error != LibC.InvalidArgument || length >= LargestMaskWords)
            {
                throw new PlatformException(
                    "sched_getaffinity",
                    error,
                    "The kernel does not tell this process its CPUs; a sandbox's system-call filter may forbid it.");
            }
        }
    }
}
