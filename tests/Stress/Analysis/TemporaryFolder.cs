namespace MagAlloc.Tests.Stress.Analysis;

/// <summary>A folder that goes with what is in it.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    private readonly string _path = Directory.CreateTempSubdirectory("stress-tests-").FullName;

    public string this[string file] => Path.Combine(_path, file);

    public void Dispose() => Directory.Delete(_path, recursive: true);
}
