namespace MagAlloc.Tooling.Commands;

/// <summary>The sockets and pipes by which a .NET runtime can be found and debugged. It removes them when it ends; of one that is killed they stay.</summary>
internal static class RuntimeFiles
{
    /// <summary>Removes what a process that was killed has left in the folder for temporary files, which must be its own, too.</summary>
    public static void Remove(int process)
    {
        string folder = Path.GetTempPath();
        foreach (string pattern in new[] { $"dotnet-diagnostic-{process}-*", $"clr-debug-pipe-{process}-*" })
        {
            try
            {
                foreach (string file in Directory.GetFiles(folder, pattern))
                    File.Delete(file);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Another user's, or no such folder.
            }
        }
    }
}
