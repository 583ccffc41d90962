using System.Globalization;
using MagAlloc.Tooling.Commands;

namespace MagAlloc.Tool.Tracing;

/// <summary>
/// Finds the process that is meant when none is named: the only one that has the engine loaded. Runtimes publish themselves by a socket
/// in the temporary folder; which of them use the engine, Linux tells by the files that they have mapped.
/// (<c>DiagnosticsClient.GetPublishedProcesses</c> throws where /proc holds processes that may not be read.)
/// </summary>
internal static class EngineProcesses
{
    private const string EngineFile = "/MagAlloc.dll";
    private const string SocketPrefix = "dotnet-diagnostic-";

    /// <exception cref="UsageException">There is none, or more than one.</exception>
    public static ITraced OpenOnly()
    {
        int[] found = OperatingSystem.IsLinux() ? [.. Published().Where(UsesEngine).Order()] : [];
        return found.Length switch
        {
            1 => AttachedProcess.Open(found[0]),
            0 => throw new UsageException("--pid: no running process of yours uses the engine; give the id of one, or a command behind '--'"),
            _ => throw new UsageException($"--pid: several processes use the engine; give one of {string.Join(", ", found)}"),
        };
    }

    private static HashSet<int> Published()
    {
        HashSet<int> pids = [];
        string[] sockets;
        try
        {
            sockets = Directory.GetFiles(Path.GetTempPath(), $"{SocketPrefix}*-socket");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"--pid: the temporary folder, where runtimes publish themselves, cannot be read: {e.Message}");
        }

        foreach (string socket in sockets)
        {
            string number = Path.GetFileName(socket)[SocketPrefix.Length..].Split('-')[0];
            if (int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int pid) && pid != Environment.ProcessId)
                pids.Add(pid);
        }

        return pids;
    }

    private static bool UsesEngine(int pid)
    {
        try
        {
            return File.ReadLines($"/proc/{pid}/maps").Any(line => line.EndsWith(EngineFile, StringComparison.Ordinal));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It has ended and left its socket, or it is somebody else's.
            return false;
        }
    }
}
