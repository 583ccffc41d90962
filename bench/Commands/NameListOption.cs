using System.CommandLine;
using System.CommandLine.Parsing;
using MagAlloc.Tooling.Commands;

namespace MagAlloc.Bench.Commands;

/// <summary>An option that takes several names out of a list, separated by blanks or by repeating the option.</summary>
internal sealed class NameListOption : Option<string[]>, IValueOption
{
    private readonly IReadOnlyList<string> _names;

    /// <param name="name">Of the option.</param>
    /// <param name="description">For the help.</param>
    /// <param name="names">The list.</param>
    /// <param name="more">Further names, that the same command line brings; null for none.</param>
    public NameListOption(string name, string description, IReadOnlyList<string> names, Func<SymbolResult, IReadOnlyList<string>>? more = null)
        : base(name)
    {
        _names = names;
        Description = description;
        HelpName = "NAME…";
        Arity = ArgumentArity.OneOrMore;
        AllowMultipleArgumentsPerToken = true;
        Validators.Add(result =>
        {
            IReadOnlyList<string> known = [.. names, .. more?.Invoke(result) ?? []];
            foreach (string token in result.Tokens.Select(t => t.Value))
            {
                if (known.Contains(token))
                    continue;
                result.AddError($"{name}: '{token}' is not known; give one or more of {string.Join(", ", known)}");
                return;
            }
        });
    }

    public string Accepted => $"one or more of {string.Join(", ", _names)}";

    /// <summary>True when this name is asked for: it is given, or the option is not.</summary>
    public bool Selects(ParseResult parse, string name) =>
        parse.GetValue(this) is not { Length: > 0 } given || given.Contains(name);
}
