using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;

namespace MagAlloc.Bench.Contenders;

/// <summary>A native allocator named on the command line.</summary>
/// <param name="Name">The contender's name, in kebab case.</param>
/// <param name="Path">The library's file.</param>
/// <param name="Prefix">What its functions have before the C library's names; may be empty.</param>
internal sealed partial record PeerSpec(string Name, string Path, string Prefix) : IPeerSpec
{
    /// <summary>The option's name.</summary>
    public const string OptionName = "--peer";

    /// <summary>What <see cref="TryParse"/> accepts, in words.</summary>
    public const string Accepted = "NAME=FILE[:PREFIX], NAME in kebab case, for instance mimalloc3=/opt/lib/libmimalloc.so:mi_";

    public string Option => OptionName;

    public ContenderEntry Entry() => Peers.Entry(this);

    public static bool TryParse(string text, [NotNullWhen(true)] out PeerSpec? spec)
    {
        spec = null;
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        if (equals < 0 || !KebabCase().IsMatch(text.AsSpan(0, equals)))
            return false;

        // A file may have a colon in its name: only an identifier after the last one is a prefix.
        string path = text[(equals + 1)..];
        string prefix = "";
        int colon = path.LastIndexOf(':');
        if (colon >= 0 && Identifier().IsMatch(path.AsSpan(colon + 1)))
        {
            prefix = path[(colon + 1)..];
            path = path[..colon];
        }

        if (path.Length == 0)
            return false;
        spec = new PeerSpec(text[..equals], path, prefix);
        return true;
    }

    /// <summary>The form that <see cref="TryParse"/> takes back, for passing it on to a child process.</summary>
    public override string ToString() => $"{Name}={Path}:{Prefix}";

    [GeneratedRegex(@"^[a-z][a-z0-9]*(-[a-z0-9]+)*\z")]
    private static partial Regex KebabCase();

    [GeneratedRegex(@"^([A-Za-z_][A-Za-z0-9_]*)?\z")]
    private static partial Regex Identifier();
}
