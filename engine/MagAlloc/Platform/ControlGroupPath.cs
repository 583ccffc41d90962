using System.Runtime.Versioning;
using System.Text;

namespace MagAlloc.Platform;

/// <summary>The memory control groups that a process is in, from its own up to the highest that it can see.</summary>
/// <remarks>
/// A process knows its group by its place below the hierarchy's root (<c>/proc/self/cgroup</c>), and the files by where the hierarchy, or the part of it that a container
/// gets, is mounted (<c>/proc/self/mountinfo</c>). In a container the two need not fit: then the top of what is mounted is the container's own group.
/// </remarks>
[SupportedOSPlatform("linux")]
internal sealed class ControlGroupPath
{
    private readonly byte[] _source;

    private ControlGroupPath(byte[] source, ControlGroup[] groups)
    {
        _source = source;
        Groups = groups;
    }

    /// <summary>The lowest first.</summary>
    internal ControlGroup[] Groups { get; }

    /// <summary>Whether the process is still where it was.</summary>
    internal bool IsOf(ReadOnlySpan<byte> source) => source.SequenceEqual(_source);

    /// <param name="root">Where <c>/</c> is; empty but in tests.</param>
    /// <param name="source">The contents of <c>/proc/self/cgroup</c>.</param>
    /// <param name="mounts">The lines of <c>/proc/self/mountinfo</c>.</param>
    internal static ControlGroupPath Read(string root, ReadOnlySpan<byte> source, IEnumerable<string> mounts)
    {
        string? version1 = null;
        string? version2 = null;
        foreach (string line in Encoding.UTF8.GetString(source).Split('\n'))
        {
            // number:controllers:path; of version 2 there is one, without controllers.
            string[] parts = line.Split(':', 3);
            if (parts.Length == 3)
            {
                version1 = parts[1].Split(',').Contains("memory") ? parts[2] : version1;
                version2 = parts[0] == "0" && parts[1].Length == 0 ? parts[2] : version2;
            }
        }

        List<ControlGroup> groups = [];
        string[] lines = [.. mounts];
        AddAll(groups, root, version1, lines, isVersion2: false);
        AddAll(groups, root, version2, lines, isVersion2: true);
        return new ControlGroupPath(source.ToArray(), [.. groups]);
    }

    private static void AddAll(List<ControlGroup> groups, string root, string? path, string[] mounts, bool isVersion2)
    {
        if (path is null || BestMount(path, mounts, isVersion2) is not { } mount)
        {
            return;
        }

        string below = Below(path, mount.Root) ?? "";
        if (!Directory.Exists(root + mount.Point + below))
        {
            below = "";
        }

        while (true)
        {
            string folder = root + mount.Point + below;
            string name = (mount.Root.TrimEnd('/') + below) is { Length: > 0 } full ? full : "/";
            groups.Add(new ControlGroup(name, folder, isVersion2));
            if (below.Length == 0)
            {
                return;
            }

            below = below[..below.LastIndexOf('/')];
            if (!isVersion2 && new ProcFile(root + mount.Point + below + "/memory.use_hierarchy").ReadNumber() == 0)
            {
                // Such a group counts its own processes only, not those of the groups below.
                return;
            }
        }
    }

    /// <summary>The mount that shows the most of the way to a group.</summary>
    private static (string Root, string Point)? BestMount(string path, string[] mounts, bool isVersion2)
    {
        (string Root, string Point)? best = null;
        foreach (string line in mounts)
        {
            // id parent device root point options … - type source options; spaces in names are written \040.
            string[] sides = line.Split(" - ", 2);
            string[] left = sides[0].Split(' ');
            string[] right = sides.Length == 2 ? sides[1].Split(' ') : [];
            if (left.Length < 5 || right.Length < 3
                || right[0] != (isVersion2 ? "cgroup2" : "cgroup")
                || (!isVersion2 && !right[2].Split(',').Contains("memory")))
            {
                continue;
            }

            (string Root, string Point) mount = (Unescape(left[3]), Unescape(left[4]).TrimEnd('/'));
            bool leads = Below(path, mount.Root) is not null;
            if (best is not { } former || (leads && (Below(path, former.Root) is null || mount.Root.Length > former.Root.Length)))
            {
                best = mount;
            }
        }

        return best;
    }

    /// <summary>The rest of a path below a folder; null where it does not lie there.</summary>
    private static string? Below(string path, string folder)
    {
        string prefix = folder.TrimEnd('/');
        if (path.Contains("/..", StringComparison.Ordinal) || !path.StartsWith(prefix, StringComparison.Ordinal))
        {
            return null;
        }

        string rest = path[prefix.Length..].TrimEnd('/');
        return rest.Length == 0 || rest[0] == '/' ? rest : null;
    }

    private static string Unescape(string name)
        => name.Replace(@"\040", " ", StringComparison.Ordinal).Replace(@"\011", "\t", StringComparison.Ordinal)
            .Replace(@"\012", "\n", StringComparison.Ordinal).Replace(@"\134", @"\", StringComparison.Ordinal);
}
