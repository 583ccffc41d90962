using System.Diagnostics;
using System.Globalization;
using System.Runtime;

namespace MagAlloc.Bench.Measurement;

/// <summary>
/// Tells when the JIT has come to rest. A loop is first compiled without optimisation, then with instrumentation, then for good,
/// each time on a background thread that waits for 100 ms without new methods. The runtime does not tell the tier of a method,
/// but it counts what it compiles: a count that stands still for longer than that wait, while the loop runs, means that
/// nothing is left to come.
/// </summary>
internal sealed class CompiledMethods
{
    /// <summary>Sets the background thread's wait, in milliseconds and in hexadecimal digits.</summary>
    public const string DelayVariable = "DOTNET_TC_CallCountingDelayMs";

    private const int UsualDelayMilliseconds = 100;

    // Two waits, and something for a machine with other work.
    private static readonly TimeSpan s_rest = TimeSpan.FromMilliseconds(Math.Max(120, 50 + (2 * DelayMilliseconds())));

    private long _count = JitInfo.GetCompiledMethodCount(currentThread: false);
    private long _since = Stopwatch.GetTimestamp();

    /// <summary>True when nothing has been compiled for two waits. To be asked often.</summary>
    public bool AtRest()
    {
        long count = JitInfo.GetCompiledMethodCount(currentThread: false);
        if (count != _count)
        {
            _count = count;
            _since = Stopwatch.GetTimestamp();
        }

        return Stopwatch.GetElapsedTime(_since) >= s_rest;
    }

    private static int DelayMilliseconds() =>
        int.TryParse(Environment.GetEnvironmentVariable(DelayVariable), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out int delay)
            ? delay
            : UsualDelayMilliseconds;
}
