using System.Text.RegularExpressions;

namespace MagAlloc.Tool.Analysis;

/// <summary>Names of frames as a person reads them.</summary>
internal static partial class StackFrames
{
    private const string EnginePrefix = "MagAlloc.";

    // Namespaces of the programs and the tests begin like the engine's; they are its users.
    private static readonly string[] s_users = ["MagAlloc.Stress.", "MagAlloc.Bench.", "MagAlloc.Tests.", "MagAlloc.Tooling.", "MagAlloc.Tool."];

    /// <summary>True for a method of the engine.</summary>
    public static bool IsEngine(string frame) =>
        frame.StartsWith(EnginePrefix, StringComparison.Ordinal)
        && !Array.Exists(s_users, user => frame.StartsWith(user, StringComparison.Ordinal));

    /// <summary>Type and method without the types of the parameters, which the runtime writes in its own language.</summary>
    public static string Short(string fullName, string module)
    {
        if (fullName.Length == 0)
            return module.Length == 0 ? "(no name)" : $"{module}!(no name)";
        int parameters = fullName.IndexOf('(', StringComparison.Ordinal);
        return parameters > 0 ? fullName[..parameters] : fullName;
    }

    /// <summary>Type and method without the name space and without the arguments of generic types.</summary>
    public static string WithoutNamespace(string frame)
    {
        string plain = TypeArguments().Replace(frame, string.Empty);
        int method = plain.LastIndexOf('.');
        int type = method > 0 ? plain.LastIndexOf('.', method - 1) : -1;
        return plain[(type + 1)..];
    }

    /// <summary>
    /// Leaves out what lies between the event and the public method of the engine that was called, so that stacks which differ only
    /// there are one. <paramref name="innermostFirst"/> begins with the event's own frames.
    /// </summary>
    public static IReadOnlyList<string> FromPublicMethod(IReadOnlyList<string> innermostFirst)
    {
        int first = 0;
        while (first < innermostFirst.Count && (IsEngine(innermostFirst[first]) || IsEventMachinery(innermostFirst[first])))
            first++;

        // An event of somebody else's source of the same name has no method of the engine to stand for it.
        return [.. innermostFirst.Skip(first > 0 && IsEngine(innermostFirst[first - 1]) ? first - 1 : first)];
    }

    // `1 and what stands in brackets, up to three deep.
    [GeneratedRegex(@"`\d+|\[(?:[^\[\]]|\[(?:[^\[\]]|\[[^\[\]]*\])*\])*\]")]
    private static partial Regex TypeArguments();

    private static bool IsEventMachinery(string frame) => frame.StartsWith("System.Diagnostics.Tracing.", StringComparison.Ordinal);
}
