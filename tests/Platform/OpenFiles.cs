using System.Runtime.Versioning;
using MagAlloc.Sharing.Platform;

namespace MagAlloc.Tests.Platform;

/// <summary>What this process has open and mapped, from /proc: the witness that nothing is left behind, and that nothing came.</summary>
/// <param name="Descriptors">Of memory files, sockets, bells, watchers and processes. Files on disk and pipes are the runtime's.</param>
/// <param name="Mappings">Of memory files.</param>
[SupportedOSPlatform("linux")]
internal readonly record struct OpenFiles(int Descriptors, int Mappings)
{
    // Where the runtime puts the code that it compiles.
    private const string RuntimesOwn = "/memfd:doublemapper";

    public static OpenFiles Count() => new(
        Directory.GetFiles("/proc/self/fd").Count(link => IsCounted(new FileInfo(link).LinkTarget ?? string.Empty)),
        File.ReadLines("/proc/self/maps").Count(line => IsMemoryFile(line[(line.IndexOf('/', StringComparison.Ordinal) is >= 0 and var at ? at : line.Length)..])));

    /// <summary>How many descriptors of this process are open on a file. Of one file the count is exact: of all files it is not, for what an
    /// earlier test left to a finalizer may go at any moment.</summary>
    public static int On(FileDescriptor file)
    {
        string line = $"ino:\t{MemoryFile.Inode(file)}";
        return Directory.GetFiles("/proc/self/fdinfo").Count(info => LinesOf(info).Contains(line));
    }

    /// <summary>Waits until there is no more open than before: what others let go is gone a moment later.</summary>
    public void AssertNothingMore(string context = "")
    {
        OpenFiles before = this;
        Assert.That(
            SpinWait.SpinUntil(
                () =>
                {
                    OpenFiles now = Count();
                    return now.Descriptors <= before.Descriptors && now.Mappings <= before.Mappings;
                },
                TimeSpan.FromSeconds(10)),
            Is.True,
            () => $"{context} before {before}, now {Count()}");
    }

    // The descriptor may be closed by the time that it is asked about: the one that lists them is.
    private static string[] LinesOf(string info)
    {
        try
        {
            return File.ReadAllLines(info);
        }
        catch (IOException)
        {
            return [];
        }
    }

    private static bool IsMemoryFile(string target)
        => target.StartsWith("/memfd:", StringComparison.Ordinal) && !target.StartsWith(RuntimesOwn, StringComparison.Ordinal);

    private static bool IsCounted(string target)
        => IsMemoryFile(target) || (target.Contains(':', StringComparison.Ordinal) && target[0] != '/' && !target.StartsWith("pipe:", StringComparison.Ordinal));
}
