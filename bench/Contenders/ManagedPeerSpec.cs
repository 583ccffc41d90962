using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;
using MagAlloc.Bench.Children;

namespace MagAlloc.Bench.Contenders;

/// <summary>An allocator in managed code that somebody else has built, named on the command line.</summary>
/// <param name="Name">The contender's name, in kebab case.</param>
/// <param name="Path">The assembly's file.</param>
/// <param name="Type">The type with the static methods, with its namespace.</param>
/// <param name="Allocate">Takes a size, returns an address.</param>
/// <param name="Free">Takes an address.</param>
/// <param name="Reallocate">Takes an address and a size, returns an address; null when there is none.</param>
internal sealed partial record ManagedPeerSpec(string Name, string Path, string Type, string Allocate, string Free, string? Reallocate)
    : IPeerSpec
{
    /// <summary>The option's name.</summary>
    public const string OptionName = "--managed-peer";

    /// <summary>What <see cref="TryParse"/> accepts, in words.</summary>
    public const string Accepted =
        "NAME=FILE:TYPE:ALLOCATE:FREE[:REALLOCATE], NAME in kebab case, TYPE with its namespace, the others its static methods, for"
        + " instance mine=/opt/lib/mine.dll:Mine.Memory:Allocate:Free:Reallocate";

    public string Option => OptionName;

    public static bool TryParse(string text, [NotNullWhen(true)] out ManagedPeerSpec? spec)
    {
        Match match = Form().Match(text);
        Group reallocate = match.Groups["reallocate"];
        spec = !match.Success
            ? null
            : new ManagedPeerSpec(
                match.Groups["name"].Value,
                match.Groups["file"].Value,
                match.Groups["type"].Value,
                match.Groups["allocate"].Value,
                match.Groups["free"].Value,
                reallocate.Success ? reallocate.Value : null);
        return match.Success;
    }

    public ContenderEntry Entry()
    {
        ManagedExports exports = ManagedExports.Load(this);
        return new ContenderEntry(Name, $"{Path}, managed", Create)
        {
            Kind = ContenderKind.ManagedPeer,
            ColdStart = [ColdStart.Managed, System.IO.Path.GetFullPath(Path), .. exports.Tokens],
        };
    }

    public override string ToString() =>
        $"{Name}={Path}:{Type}:{Allocate}:{Free}{(Reallocate is null ? "" : $":{Reallocate}")}";

    private HeapContender<SharedSession<ManagedSession>, ManagedSession> Create(string name) =>
        new(name, new SharedSession<ManagedSession>(new ManagedSession(ManagedExports.Load(this))))
        {
            Lacks = ExtraCalls.Aligned | ExtraCalls.Zeroed | (Reallocate is null ? ExtraCalls.Reallocated : ExtraCalls.None),
        };

    // A file may have a colon in its name, what follows it cannot: the shortest file that leaves the rest well-formed.
    [GeneratedRegex(
        @"^(?<name>[a-z][a-z0-9]*(-[a-z0-9]+)*)=(?<file>.+?):(?<type>[A-Za-z_][\w`]*([.+][A-Za-z_][\w`]*)*):(?<allocate>[A-Za-z_]\w*)"
        + @":(?<free>[A-Za-z_]\w*)(:(?<reallocate>[A-Za-z_]\w*))?\z",
        RegexOptions.ExplicitCapture)]
    private static partial Regex Form();
}
