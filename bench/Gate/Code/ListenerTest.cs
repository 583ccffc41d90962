using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using MagAlloc.Events;

namespace MagAlloc.Bench.Gate.Code;

/// <summary>Finds in machine code where it asks whether anybody listens to events: fast paths must not.</summary>
/// <remarks>
/// The question is the load of one byte of the event source. At which displacement it lies is read from the code of a method that asks
/// and does nothing else, listed in the same process: no number of the runtime's layout is written down here.
/// </remarks>
internal static partial class ListenerTest
{
    private const string ListedAs = "MagAlloc.Bench.Gate.Code.ListenerTest:IsListening()";

    public static MethodInfo Method { get; } = typeof(ListenerTest).GetMethod(nameof(IsListening))!;

    /// <summary>What is looked for.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static bool IsListening() => MagAllocEventSource.Log.IsEnabled();

    /// <summary>The displacement of the byte in the listing's process, or null when it cannot be told.</summary>
    public static long? Displacement(IReadOnlyList<JitMethod> listing)
    {
        long[] loads = [.. JitListing.Find(listing, ListedAs) is { Optimized: true } code ? Loads(code) : []];
        return loads.Length == 1 ? loads[0] : null;
    }

    /// <summary>How often a method asks.</summary>
    public static int Count(JitMethod code, long displacement) => Loads(code).Count(load => load == displacement);

    private static IEnumerable<long> Loads(JitMethod code) =>
        ByteLoad().Matches(code.Text).Select(match => long.Parse(match.Groups[1].ValueSpan, NumberStyles.HexNumber, CultureInfo.InvariantCulture));

    // x64: "cmp byte ptr [rdi+0x9D], 0" and the like; Arm64: "ldrb w0, [x0, #0x9D]".
    [GeneratedRegex(@"(?:\bbyte\s+ptr \[\w+\+|\bldrb\s+\w+, \[\w+, #)0x([0-9A-Fa-f]+)\]")]
    private static partial Regex ByteLoad();
}
