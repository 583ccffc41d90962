using System.CommandLine;
using System.CommandLine.Parsing;

namespace MagAlloc.Tooling.Commands;

/// <summary>
/// An option with a value that is checked where it is parsed. Its fallback is not a System.CommandLine default, which the
/// help would print in the form of the value's type ("[default: 9223372036854775807]"); the description names it in words.
/// </summary>
internal sealed class ValueOption<T> : Option<T>, IValueOption
{
    public ValueOption(string name, string description, T fallback, string helpName, string accepted)
        : base(name)
    {
        Description = description;
        HelpName = helpName;
        Arity = ArgumentArity.ExactlyOne;
        Fallback = fallback;
        Accepted = accepted;
    }

    /// <summary>The value when the option is not given.</summary>
    public T Fallback { get; }

    public string Accepted { get; }

    public T ValueIn(ParseResult parse) => parse.GetResult(this) is null ? Fallback : parse.GetValue(this) ?? Fallback;

    /// <summary>Parses the option's one token by <paramref name="parse"/>; a value that it refuses is a usage error.</summary>
    public ValueOption<T> ParsedBy(TryParse<T> parse)
    {
        CustomParser = result => Convert(result, parse);
        return this;
    }

    private T Convert(ArgumentResult result, TryParse<T> parse)
    {
        string text = result.Tokens.Count == 0 ? string.Empty : result.Tokens[^1].Value;
        if (parse(text, out T value))
            return value;
        result.AddError($"{Name}: '{text}' is not accepted; give {Accepted}");
        return Fallback;
    }
}
