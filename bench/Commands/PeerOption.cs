using System.CommandLine;
using MagAlloc.Bench.Contenders;
using MagAlloc.Tooling.Commands;

namespace MagAlloc.Bench.Commands;

/// <summary><c>--peer</c>: a native library to measure beside the catalogue's; repeatable.</summary>
internal sealed class PeerOption : Option<string[]>, IValueOption
{
    public PeerOption()
        : base("--peer")
    {
        Description = "Also measure this library, by its malloc family: its name here, its file, and the prefix of its functions. Repeatable";
        HelpName = "NAME=FILE[:PREFIX]";
        Arity = ArgumentArity.OneOrMore;
        Validators.Add(result =>
        {
            foreach (string token in result.Tokens.Select(t => t.Value))
            {
                if (PeerSpec.TryParse(token, out _))
                    continue;
                result.AddError($"--peer: '{token}' is not accepted; give {Accepted}");
                return;
            }
        });
    }

    public string Accepted => PeerSpec.Accepted;

    public IReadOnlyList<PeerSpec> SpecsIn(ParseResult parse) => Specs(parse.GetValue(this) ?? []);

    /// <summary>The peers' names, while the line is still being parsed.</summary>
    public IReadOnlyList<string> NamesIn(System.CommandLine.Parsing.SymbolResult result) =>
        [.. Specs(result.GetResult(this)?.Tokens.Select(t => t.Value) ?? []).Select(spec => spec.Name)];

    private static List<PeerSpec> Specs(IEnumerable<string> values)
    {
        List<PeerSpec> specs = [];
        foreach (string value in values)
        {
            if (PeerSpec.TryParse(value, out PeerSpec? spec))
                specs.Add(spec);
        }

        return specs;
    }
}
