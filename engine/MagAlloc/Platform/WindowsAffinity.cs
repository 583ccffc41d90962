using System.Runtime.Versioning;

namespace MagAlloc.Platform;

/// <summary>
/// Which CPUs a thread may run on, as Windows keeps it: CPU n is processor n % 64 of group n / 64. Called by
/// <see cref="ThreadAffinity"/> and <see cref="PinnedThread"/>. Untested: no such machine was at hand.
/// </summary>
[SupportedOSPlatform("windows")]
internal static unsafe class WindowsAffinity
{
    private const int ProcessorsPerGroup = 64;

    /// <summary>The CPUs of the process.</summary>
    /// <exception cref="PlatformException">Windows refused to tell.</exception>
    internal static CpuMask OfProcess()
    {
        int groups = Kernel32.GroupCount();
        var mask = new CpuMask(groups);
        if (groups == 1)
        {
            nuint process;
            nuint system;
            if (Kernel32.GetProcessAffinity(Kernel32.CurrentProcess(), &process, &system) == 0)
            {
                throw Refused("GetProcessAffinityMask");
            }

            mask.Words[0] = process;
            return mask;
        }

        // The process mask speaks of one group only; with several, a process may use all active processors of each.
        for (int group = 0; group < groups; group++)
        {
            int processors = (int)Kernel32.ProcessorCount((ushort)group);
            for (int processor = 0; processor < processors; processor++)
            {
                mask.Add((group * ProcessorsPerGroup) + processor);
            }
        }

        return mask;
    }

    /// <summary>The CPUs of the calling thread: all in one group.</summary>
    /// <exception cref="PlatformException">Windows refused to tell.</exception>
    internal static CpuMask OfThread()
    {
        GroupAffinity affinity;
        if (Kernel32.GetThreadAffinity(Kernel32.CurrentThread(), &affinity) == 0)
        {
            throw Refused("GetThreadGroupAffinity");
        }

        var mask = new CpuMask(affinity.Group + 1);
        mask.Words[affinity.Group] = affinity.Mask;
        return mask;
    }

    /// <summary>Moves the calling thread to the CPUs of a mask, which must all be in one group.</summary>
    /// <exception cref="PlatformException">Windows refused.</exception>
    internal static void SetThread(CpuMask mask)
    {
        int group = mask.Words.IndexOfAnyExcept(0UL);
        var affinity = new GroupAffinity { Mask = (nuint)mask.Words[group], Group = (ushort)group };
        if (Kernel32.SetThreadAffinity(Kernel32.CurrentThread(), &affinity, null) == 0)
        {
            throw Refused("SetThreadGroupAffinity");
        }
    }

    /// <summary>The CPU that runs the caller now.</summary>
    internal static int CurrentCpu()
    {
        ProcessorNumber processor;
        Kernel32.CurrentProcessor(&processor);
        return (processor.Group * ProcessorsPerGroup) + processor.Number;
    }

    private static PlatformException Refused(string call) =>
        new(call, VirtualMemory.LastError, "Check the processor limits of the job object that this process runs in.");
}
