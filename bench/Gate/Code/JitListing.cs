using System.Globalization;
using System.Text.RegularExpressions;

namespace MagAlloc.Bench.Gate.Code;

/// <summary>Reads what the JIT writes for <c>DOTNET_JitDisasm</c>. Pure: text in, methods out.</summary>
internal static partial class JitListing
{
    private const string Opening = "; Assembly listing for method ";

    public static IReadOnlyList<JitMethod> Parse(string text) =>
        [.. text.Split(Opening).Skip(1).Select(Method)];

    /// <summary>
    /// The method whose name begins with <paramref name="name"/>: the last listed, for a method compiled anew replaces what was
    /// there before. Null when there is none.
    /// </summary>
    public static JitMethod? Find(IReadOnlyList<JitMethod> methods, string name) =>
        methods.LastOrDefault(method => method.Name.StartsWith(name, StringComparison.Ordinal));

    private static JitMethod Method(string listing)
    {
        string[] lines = listing.Split('\n', StringSplitOptions.TrimEntries);
        int end = lines[0].IndexOf(" (", StringComparison.Ordinal);
        List<string> instructions = [];
        bool prefix = false;
        foreach (string line in lines.Skip(1))
        {
            if (!Instruction().IsMatch(line) || line.StartsWith("align ", StringComparison.Ordinal))
                continue;

            // The JIT writes the prefix on a line of its own.
            if (prefix)
                instructions[^1] += $" {line}";
            else
                instructions.Add(line);
            prefix = line == "lock";
        }

        Match bytes = TotalBytes().Match(listing);
        return new JitMethod(
            end < 0 ? lines[0] : lines[0][..end],
            lines.Contains("; optimized code"),
            instructions.Count,
            bytes.Success ? int.Parse(bytes.Groups[1].ValueSpan, CultureInfo.InvariantCulture) : 0,
            [.. instructions.Where(i => LockedInstruction().IsMatch(i))],
            listing);
    }

    // Not a comment (";"), not a label ("G_M000_IG01:"), not a directive or datum (".", "RWD00", digits).
    [GeneratedRegex(@"^[a-z][a-z0-9.]*($|\s)")]
    private static partial Regex Instruction();

    [GeneratedRegex(@"; Total bytes of code (\d+)")]
    private static partial Regex TotalBytes();

    // x64: a lock prefix; an exchange with memory, which locks without one; fences. Arm64: exclusive pairs, atomics, barriers.
    [GeneratedRegex(
        @"^(lock|[lms]fence)(\W|$)|^xchg\b.*\[|"
        + @"^(lda?x[rp][bh]?|stl?x[rp][bh]?|casp?(a|l|al)?[bh]?|(swp|ld(add|clr|eor|set|[su]max|[su]min))(a|l|al)?[bh]?|d[ms]b)(\W|$)")]
    private static partial Regex LockedInstruction();
}
