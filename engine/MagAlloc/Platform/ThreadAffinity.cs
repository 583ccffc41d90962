using MagAlloc.Platform;

namespace MagAlloc;

/// <summary>Pins threads to CPUs. With one pinned thread a CPU, the engine's per-thread magazines are per-CPU ones.</summary>
/// <remarks>
/// All members may be used from any thread; each concerns the calling thread. On Windows a CPU's number is
/// 64 × its processor group + its number in the group.
/// </remarks>
public static class ThreadAffinity
{
    // Asked for once, and before the first pin, so that what a pinned thread sees is not mistaken for the process's limits.
    private static readonly Lazy<CpuMask> s_allowed = new(ReadAllowed);

    private static readonly Lazy<IReadOnlyList<int>> s_allowedList = new(() => Array.AsReadOnly(s_allowed.Value.ToArray()));

    /// <summary>
    /// The CPUs that this process may run on, ascending, as they were at the first use of this class. Container and service
    /// limits on which CPUs are used are respected; numbers need not be contiguous.
    /// </summary>
    /// <exception cref="PlatformException">The operating system refused to tell.</exception>
    public static IReadOnlyList<int> AllowedCpus => s_allowedList.Value;

    /// <summary>The CPU that runs the calling thread. Unless the thread is pinned, it may be another one by the time it is read.</summary>
    public static int CurrentCpu
        => OperatingSystem.IsLinux() ? LinuxAffinity.CurrentCpu()
            : OperatingSystem.IsWindows() ? WindowsAffinity.CurrentCpu() : Thread.GetCurrentProcessorId();

    /// <summary>Keeps the calling thread on one CPU until the result is disposed of.</summary>
    /// <param name="cpu">One of <see cref="AllowedCpus"/>.</param>
    /// <returns>Restores the thread's previous CPUs when disposed of. Pins nest: dispose of the inner one first.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="cpu"/> is not allowed for this process.</exception>
    /// <exception cref="PlatformNotSupportedException">The operating system has no such call (macOS).</exception>
    /// <exception cref="PlatformException">The operating system refused.</exception>
    public static PinnedThread Pin(int cpu)
    {
        if (!OperatingSystem.IsLinux() && !OperatingSystem.IsWindows())
        {
            throw new PlatformNotSupportedException("Threads can be pinned to a CPU on Linux and Windows only.");
        }

        CpuMask allowed = s_allowed.Value;
        if (!allowed.Contains(cpu))
        {
            throw new ArgumentOutOfRangeException(nameof(cpu), cpu, $"This process may run on CPUs {allowed} only.");
        }

        CpuMask previous = OfThread();
        Thread.BeginThreadAffinity();
        try
        {
            Move(CpuMask.Of(cpu));
        }
        catch
        {
            Thread.EndThreadAffinity();
            throw;
        }

        return new PinnedThread(previous);
    }

    /// <summary>Moves the calling thread to the CPUs of a mask.</summary>
    internal static void Move(CpuMask mask)
    {
        if (OperatingSystem.IsLinux())
        {
            LinuxAffinity.SetThread(mask);
        }
        else if (OperatingSystem.IsWindows())
        {
            WindowsAffinity.SetThread(mask);
        }
    }

    /// <summary>The CPUs that the calling thread may run on.</summary>
    internal static CpuMask OfThread()
        => OperatingSystem.IsLinux() ? LinuxAffinity.OfThread() : OperatingSystem.IsWindows() ? WindowsAffinity.OfThread() : s_allowed.Value;

    private static CpuMask ReadAllowed()
    {
        if (OperatingSystem.IsLinux())
        {
            return LinuxAffinity.OfProcess();
        }

        if (OperatingSystem.IsWindows())
        {
            return WindowsAffinity.OfProcess();
        }

        // Nothing to ask: every CPU the runtime counts.
        var all = CpuMask.Of(Environment.ProcessorCount - 1);
        for (int cpu = 0; cpu < Environment.ProcessorCount; cpu++)
        {
            all.Add(cpu);
        }

        return all;
    }
}
