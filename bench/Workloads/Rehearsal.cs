using System.Diagnostics;
using MagAlloc.Bench.Measurement;

namespace MagAlloc.Bench.Workloads;

/// <summary>
/// Runs the loops of a workload that idles until they are compiled for good, on hardly any memory: some MiB of the process are
/// the JIT's work, and shall not be taken for what the allocator keeps.
/// </summary>
/// <remarks>In place of a method that takes the work: a session may be a <c>ref struct</c>, which no lambda takes along.</remarks>
internal sealed class Rehearsal
{
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(2);

    private readonly CompiledMethods _compiled = new();
    private readonly long _start = Stopwatch.GetTimestamp();

    /// <summary>False once nothing is left to compile, or the machine is too busy to wait for that.</summary>
    public bool GoesOn => !_compiled.AtRest() && Stopwatch.GetElapsedTime(_start) < s_longest;
}
