using System.Diagnostics;
using MagAlloc.Tests.Architecture;
using MagAlloc.Tests.Stress.Analysis;

namespace MagAlloc.Tests.Docs;

/// <summary>A reader's project: what <c>dotnet new console</c> makes, outside the repository, with references to the three libraries as they were built, and with printed code in it.</summary>
internal sealed class ScratchProject : IDisposable
{
    private const string Name = "Reader";

    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(3);

    private readonly TemporaryFolder _folder = new();

    /// <param name="properties">Added to the project file, as a page tells its reader to.</param>
    /// <param name="libraries">Beside ours; names of assemblies that lie beside the tests'.</param>
    public ScratchProject(string properties = "", params IEnumerable<string> libraries)
    {
        IEnumerable<string> references = EngineAssemblies.All.Select(assembly => assembly.GetName().Name!).Concat(libraries)
            .Select(name => $"<Reference Include=\"{Path.Combine(AppContext.BaseDirectory, $"{name}.dll")}\" />");
        this[$"{Name}.csproj"] = $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <ImplicitUsings>enable</ImplicitUsings>
                <Nullable>enable</Nullable>
                {properties}
              </PropertyGroup>
              <ItemGroup>{string.Concat(references)}</ItemGroup>
            </Project>
            """;
    }

    /// <summary>Writes a file of the project.</summary>
    public string this[string file]
    {
        set => File.WriteAllText(_folder[file], value);
    }

    /// <summary>Builds it; fails with the compiler's words.</summary>
    public void Build()
    {
        (int exitCode, string output) = Run("build", "-c", "Release", "-o", _folder["out"], "--disable-build-servers", "-p:UseAppHost=false", "-v", "quiet", "-nologo");
        Assert.That(exitCode, Is.Zero, output);
    }

    /// <summary>Builds several in one run of the build, which takes little longer than one; fails with the compiler's words.</summary>
    public static void BuildAll(IReadOnlyList<ScratchProject> projects)
    {
        ScratchProject first = projects[0];
        first["all.proj"] = $"""
            <Project DefaultTargets="Build">
              <ItemGroup>{string.Concat(projects.Select(project => $"<Reader Include=\"{project._folder[$"{Name}.csproj"]}\" />"))}</ItemGroup>
              <Target Name="Build">
                <MSBuild Projects="@(Reader)" Targets="Restore" Properties="Step=restore" />
                <MSBuild Projects="@(Reader)" Targets="Build" BuildInParallel="true"
                         Properties="Step=build;Configuration=Release;UseAppHost=false;OutDir=%(RootDir)%(Directory)out/" />
              </Target>
            </Project>
            """;
        (int exitCode, string output) = first.Run("msbuild", first._folder["all.proj"], "-m", "-v:quiet", "-nologo");
        Assert.That(exitCode, Is.Zero, output);
    }

    /// <summary>Runs what was built; returns what it printed.</summary>
    public string Run()
    {
        (int exitCode, string output) = Run("exec", _folder[Path.Combine("out", $"{Name}.dll")]);
        Assert.That(exitCode, Is.Zero, output);
        return output;
    }

    public void Dispose() => _folder.Dispose();

    private (int ExitCode, string Output) Run(params string[] arguments)
    {
        ProcessStartInfo start = new("dotnet", arguments)
        {
            WorkingDirectory = _folder["."],
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1", ["DOTNET_NOLOGO"] = "1", ["DOTNET_CLI_UI_LANGUAGE"] = "en", ["MSBUILDDISABLENODEREUSE"] = "1" },
        };
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        if (!process.WaitForExit(s_patience))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"dotnet {string.Join(' ', arguments)} does not end");
        }

        return (process.ExitCode, output.Result + errors.Result);
    }
}
