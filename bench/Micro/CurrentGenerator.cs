using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Toolchains.CsProj;

namespace MagAlloc.Bench.Micro;

/// <summary>
/// Finds the benchmarks' project by where it was built: the inherited search goes by the assembly's name, which is the command's
/// ("bench") and not the project's ("Bench").
/// </summary>
internal sealed class CurrentGenerator(string targetFramework) : CsProjGenerator(
    targetFramework, cliPath: null!, packagesPath: null!, runtimeFrameworkVersion: null!, isNetCore: true)
{
    private const string Project = "Bench.csproj";

    protected override FileInfo GetProjectFilePath(Type benchmarkTarget, ILogger logger)
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            FileInfo project = new(Path.Combine(folder.FullName, Project));
            if (project.Exists)
                return project;
        }

        throw new NotSupportedException($"{Project} is not above {AppContext.BaseDirectory}; run from the source tree");
    }
}
