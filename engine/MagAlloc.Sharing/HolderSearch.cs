using System.Globalization;
using System.Runtime.Versioning;
using MagAlloc.Sharing.Platform;

namespace MagAlloc.Sharing;

/// <summary>Finds processes that hold a buffer without an importer's claim, by the number of its file. Slow; for error messages.</summary>
[SupportedOSPlatform("linux")]
internal static class HolderSearch
{
    /// <returns>Processes that map the file or have it open, as far as this one may look; if none is found an unknown one.</returns>
    public static IReadOnlyList<BufferHolder> Find(SharedBuffer buffer)
    {
        List<BufferHolder> holders = [];
        if (MemoryFiles.TryGetStatus(buffer.File, out FileStatus status))
        {
            foreach (string folder in Directory.EnumerateDirectories("/proc"))
            {
                if (int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out int process)
                    && process != Environment.ProcessId && (Maps(folder, status.Inode) || HasOpen(folder, status.Inode)))
                {
                    holders.Add(new BufferHolder(buffer.Index, process, UserOf(folder), IsImporter: false));
                }
            }
        }

        return holders.Count != 0 ? holders : [new BufferHolder(buffer.Index, 0, -1, IsImporter: false)];
    }

    private static bool Maps(string folder, ulong inode)
    {
        // address perms offset device inode path
        string wanted = inode.ToString(CultureInfo.InvariantCulture);
        return Try(() => File.ReadLines($"{folder}/maps").Any(line =>
            line.Contains("/memfd:", StringComparison.Ordinal)
            && line.Split(' ', 6, StringSplitOptions.RemoveEmptyEntries) is { Length: > 4 } fields && fields[4] == wanted));
    }

    private static bool HasOpen(string folder, ulong inode)
        => Try(() => Directory.EnumerateFiles($"{folder}/fd").Any(link => IsFile(link, inode)));

    /// <summary>
    /// By what the kernel itself says of a descriptor. To ask the file would be to ask its file system, which may be one that answers when it likes: a
    /// process can name a file of such a one as it pleases.
    /// </summary>
    private static bool IsFile(string link, ulong inode)
        => Try(() => new FileInfo(link).LinkTarget?.StartsWith("/memfd:", StringComparison.Ordinal) == true
            && File.ReadLines(link.Replace("/fd/", "/fdinfo/", StringComparison.Ordinal)).Contains(string.Create(CultureInfo.InvariantCulture, $"ino:\t{inode}")));

    private static long UserOf(string folder)
    {
        long user = -1;
        Try(() =>
        {
            string? line = File.ReadLines($"{folder}/status").FirstOrDefault(line => line.StartsWith("Uid:", StringComparison.Ordinal));
            return line is not null && long.TryParse(line.Split('\t')[1], NumberStyles.None, CultureInfo.InvariantCulture, out user);
        });
        return user;
    }

    /// <summary>Processes end while they are looked at, and others are not ours to look at.</summary>
    private static bool Try(Func<bool> look)
    {
        try
        {
            return look();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
