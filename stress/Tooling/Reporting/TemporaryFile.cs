using MagAlloc.Tooling.Commands;

namespace MagAlloc.Tooling.Reporting;

/// <summary>A file of a program's own in the folder for temporary files. Whoever makes one deletes it. Any thread.</summary>
internal static class TemporaryFile
{
    /// <summary>Makes an empty one; returns its path.</summary>
    /// <exception cref="UsageException">The folder cannot be written.</exception>
    public static string Create(string extension)
    {
        string path = Path.Combine(Path.GetTempPath(), $"stress-{Guid.NewGuid():N}{extension}");
        try
        {
            using FileStream file = new(path, FileMode.CreateNew, FileAccess.Write);
            return path;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unwritable(e);
        }
    }

    /// <summary>Never throws: it runs while something else is thrown, which must be told, or when the work is done.</summary>
    public static void Delete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It is in the folder for temporary files, or that is gone.
        }
    }

    public static UsageException Unwritable(Exception e) => new($"the temporary folder cannot be written: {e.Message}");
}
