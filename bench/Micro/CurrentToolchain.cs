using System.Reflection;
using BenchmarkDotNet.Characteristics;
using BenchmarkDotNet.Environments;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains;
using BenchmarkDotNet.Toolchains.DotNetCli;
using BenchmarkDotNet.Validators;

namespace MagAlloc.Bench.Micro;

/// <summary>
/// BenchmarkDotNet 0.14 for .NET 10. It does not know this runtime, and its disassembler refuses what it does not know, runs nothing
/// and reports success. So it is told ".NET 9" where it asks for a version and "net10.0" where it builds.
/// </summary>
internal sealed class CurrentToolchain() : Toolchain(
    TargetFramework,
    new CurrentGenerator(TargetFramework),
    new DotNetCliBuilder(TargetFramework),
    new DotNetCliExecutor(customDotNetCliPath: null!))
{
    private const string TargetFramework = "net10.0";

    /// <summary>The job's runtime that belongs to this toolchain.</summary>
    public static CoreRuntime Runtime { get; } = (CoreRuntime)Activator.CreateInstance(
        typeof(CoreRuntime),
        BindingFlags.Instance | BindingFlags.NonPublic,
        binder: null,
        [RuntimeMoniker.Net90, TargetFramework, ".NET 10.0"],
        culture: null)!;

    // The inherited check would refuse a runtime that it does not know.
    public override IEnumerable<ValidationError> Validate(BenchmarkCase benchmarkCase, IResolver resolver) => [];
}
