using System.Globalization;
using System.Runtime.Versioning;

namespace MagAlloc.Tests.Sharing.Support;

/// <summary>A memory control group of its own: whom the kernel charges for a page is what it says of a group. Needs root, and version 1 or 2 with the
/// memory controller given to the children of the root.</summary>
[SupportedOSPlatform("linux")]
internal sealed class MemoryGroup : IDisposable
{
    private static int s_last;

    private readonly string _path;
    private readonly string _usage;
    private readonly string _former;

    private MemoryGroup(string path, string usage, string former)
    {
        _path = path;
        _usage = Path.Combine(path, usage);
        _former = former;
    }

    /// <summary>What the group is charged for. The kernel charges in batches of up to 64 pages a processor: exact it is not.</summary>
    public long Bytes => long.Parse(File.ReadAllText(_usage), CultureInfo.InvariantCulture);

    /// <summary>The most that the kernel lets the group be charged for, before it ends processes of it.</summary>
    public void Limit(long bytes)
        => File.WriteAllText(
            Path.Combine(_path, _usage.EndsWith("current", StringComparison.Ordinal) ? "memory.max" : "memory.limit_in_bytes"),
            bytes.ToString(CultureInfo.InvariantCulture));

    /// <summary>A new group below the root. Only root can make one, and only on a machine that lets it: elsewhere the test is skipped.</summary>
    /// <param name="instead">Which tests show without a group what the skipped one would have shown.</param>
    public static MemoryGroup Require(string instead)
    {
        MemoryGroup? group = TryCreate();
        if (group is null)
            Assert.Ignore($"the kernel's own accounts can be read in a memory control group only, and this process may make none (it takes root); without one: {instead}");
        return group;
    }

    private static MemoryGroup? TryCreate()
    {
        string name = $"magalloc-test-{Environment.ProcessId}-{Interlocked.Increment(ref s_last)}";
        foreach ((string root, string usage, string line) in new[]
        {
            ("/sys/fs/cgroup/memory", "memory.usage_in_bytes", ":memory:"), ("/sys/fs/cgroup", "memory.current", "0::"),
        })
        {
            try
            {
                string path = Path.Combine(root, name);
                Directory.CreateDirectory(path);
                if (File.Exists(Path.Combine(path, usage)))
                    return new MemoryGroup(path, usage, root + FormerGroup(line));
                Directory.Delete(path);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Not this version, or not allowed.
            }
        }

        return null;
    }

    /// <summary>Charges what a process touches from now on to this group. What it touched before stays where it is.</summary>
    public void Add(int process) => File.WriteAllText(Path.Combine(_path, "cgroup.procs"), process.ToString(CultureInfo.InvariantCulture));

    /// <summary>The processes that are still in it go to where this one was.</summary>
    public void Dispose()
    {
        foreach (string process in File.ReadAllLines(Path.Combine(_path, "cgroup.procs")))
            File.WriteAllText(Path.Combine(_former, "cgroup.procs"), process);

        // A process that was killed is in it until it is gone.
        Assert.That(SpinWait.SpinUntil(TryDelete, Shared.Soon), Is.True, $"{_path} cannot be removed");
    }

    private static string FormerGroup(string line)
    {
        string former = File.ReadLines("/proc/self/cgroup").First(l => l.Contains(line, StringComparison.Ordinal));
        return former[(former.LastIndexOf(':') + 1)..];
    }

    private bool TryDelete()
    {
        try
        {
            Directory.Delete(_path);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
