using System.CommandLine;
using System.CommandLine.Parsing;
using MagAlloc.Bench.Contenders;
using MagAlloc.Tooling.Commands;

namespace MagAlloc.Bench.Commands;

/// <summary>An option that names allocators to measure beside the catalogue's; repeatable.</summary>
internal sealed class PeerOption : Option<string[]>, IValueOption
{
    private readonly Func<string, IPeerSpec?> _parse;

    private PeerOption(string name, string description, string helpName, string accepted, Func<string, IPeerSpec?> parse)
        : base(name)
    {
        _parse = parse;
        Accepted = accepted;
        Description = description;
        HelpName = helpName;
        Arity = ArgumentArity.OneOrMore;
        Validators.Add(result =>
        {
            foreach (string token in result.Tokens.Select(t => t.Value))
            {
                if (parse(token) is not null)
                {
                    continue;
                }

                result.AddError($"{name}: '{token}' is not accepted; give {accepted}");
                return;
            }
        });
    }

    public string Accepted { get; }

    /// <summary><c>--peer</c>: a native library.</summary>
    public static PeerOption Native() => new(
        PeerSpec.OptionName,
        "Also measure this library, by its malloc family: its name here, its file, and the prefix of its functions. Repeatable",
        "NAME=FILE[:PREFIX]",
        PeerSpec.Accepted,
        text => PeerSpec.TryParse(text, out PeerSpec? spec) ? spec : null);

    /// <summary><c>--managed-peer</c>: an assembly.</summary>
    public static PeerOption Managed() => new(
        ManagedPeerSpec.OptionName,
        "Also measure this allocator in managed code: its name here, its assembly, its type, and the names of its static methods. Repeatable",
        "NAME=FILE:TYPE:ALLOCATE:FREE[:REALLOCATE]",
        ManagedPeerSpec.Accepted,
        text => ManagedPeerSpec.TryParse(text, out ManagedPeerSpec? spec) ? spec : null);

    public IEnumerable<IPeerSpec> SpecsIn(ParseResult parse) => Specs(parse.GetValue(this) ?? []);

    /// <summary>The peers' names, while the line is still being parsed.</summary>
    public IEnumerable<string> NamesIn(SymbolResult result) =>
        Specs(result.GetResult(this)?.Tokens.Select(t => t.Value) ?? []).Select(spec => spec.Name);

    private IEnumerable<IPeerSpec> Specs(IEnumerable<string> values) => values.Select(_parse).OfType<IPeerSpec>();
}
