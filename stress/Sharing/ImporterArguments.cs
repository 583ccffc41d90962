using System.Globalization;

namespace MagAlloc.Stress.Sharing;

/// <summary>What the program is told when it is started as an importer, a rogue, or the holder of what a rogue passes on. Not for people.</summary>
internal sealed record ImporterArguments(string Role, string Address, ulong Seed)
{
    /// <summary>The first argument; no command of that name is listed.</summary>
    public const string Verb = "share-importer";

    public const string Honest = "honest";
    public const string Holder = "holder";

    public string[] ToArray() => [Verb, Role, Address, Seed.ToString(CultureInfo.InvariantCulture)];

    public static ImporterArguments Parse(string[] args) => new(args[1], args[2], ulong.Parse(args[3], CultureInfo.InvariantCulture));
}
