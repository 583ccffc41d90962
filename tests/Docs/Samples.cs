using MagAlloc.Tests.Stress.Tracing;

namespace MagAlloc.Tests.Docs;

/// <summary>The programs in docs/samples, as the build has made them in the configuration of these tests.</summary>
internal static class Samples
{
    public static ExternalProgram Start(string name, params string[] args)
    {
        string configuration = AppContext.BaseDirectory.Contains($"{Path.DirectorySeparatorChar}Debug{Path.DirectorySeparatorChar}", StringComparison.Ordinal) ? "Debug" : "Release";
        return ExternalProgram.Start(Repository.PathOf("docs", "samples", name, "bin", configuration, "net10.0", name), args);
    }
}
