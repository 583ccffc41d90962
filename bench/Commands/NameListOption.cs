using System.CommandLine;
using MagAlloc.Stress.Commands;

namespace MagAlloc.Bench.Commands;

/// <summary>An option that takes several names out of a list, separated by blanks or by repeating the option.</summary>
internal sealed class NameListOption : Option<string[]>, IValueOption
{
    private readonly IReadOnlyList<string> _names;

    public NameListOption(string name, string description, IReadOnlyList<string> names)
        : base(name)
    {
        _names = names;
        Description = description;
        HelpName = "NAME…";
        Arity = ArgumentArity.OneOrMore;
        AllowMultipleArgumentsPerToken = true;
        Validators.Add(result =>
        {
            foreach (string token in result.Tokens.Select(t => t.Value))
            {
                if (names.Contains(token))
                    continue;
                result.AddError($"{name}: '{token}' is not known; give {Accepted}");
                return;
            }
        });
    }

    public string Accepted => $"one or more of {string.Join(", ", _names)}";

    /// <summary>The names given, each once, in the order of the list; all when the option is not given.</summary>
    public IReadOnlyList<string> NamesIn(ParseResult parse) =>
        parse.GetValue(this) is { Length: > 0 } given ? [.. _names.Where(given.Contains)] : _names;
}
