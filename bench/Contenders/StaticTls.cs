using System.Collections.Frozen;

namespace MagAlloc.Bench.Contenders;

/// <summary>
/// Room for the static thread-local storage of libraries that are loaded late, jemalloc above all. The C library reserves it
/// when a process starts, by a variable of its environment: too late for the process that finds the room missing.
/// </summary>
internal static class StaticTls
{
    public const string Variable = "GLIBC_TUNABLES";
    public const string Value = "glibc.rtld.optional_static_tls=16384";

    public static IReadOnlyDictionary<string, string> Environment { get; } =
        new Dictionary<string, string> { [Variable] = Value }.ToFrozenDictionary();

    /// <summary>True when this process was started with the variable set.</summary>
    public static bool Granted => System.Environment.GetEnvironmentVariable(Variable)?.Contains(Value, StringComparison.Ordinal) == true;
}
