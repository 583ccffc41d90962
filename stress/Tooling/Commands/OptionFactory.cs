using System.Globalization;
using MagAlloc.Tooling.Reporting;

namespace MagAlloc.Tooling.Commands;

/// <summary>
/// Options with one rule in common: a value that is not accepted ends in one line that names the option, the value and the
/// accepted range. System.CommandLine's own conversion would speak of System.Int32.
/// </summary>
internal static class OptionFactory
{
    public static ValueOption<int> Whole(string name, string description, int fallback, int lowest, int highest, string help = "N") =>
        new ValueOption<int>(name, description, fallback, help, $"a whole number from {lowest} to {highest}")
            .ParsedBy((string text, out int value) =>
                int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value)
                && value >= lowest && value <= highest);

    public static ValueOption<double> Seconds(string name, string description, double fallback, double lowest, double highest)
    {
        string accepted = string.Create(CultureInfo.InvariantCulture, $"a number of seconds from {lowest} to {highest}");
        return new ValueOption<double>(name, description, fallback, "S", accepted)
            .ParsedBy((string text, out double value) =>
                double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value)
                && value >= lowest && value <= highest);
    }

    public static ValueOption<long> Bytes(string name, string description, long fallback, long lowest, long highest)
    {
        string accepted = $"bytes from {Text.Bytes(lowest)} to {Text.Bytes(highest)}, for instance 64MiB";
        return new ValueOption<long>(name, description, fallback, "BYTES", accepted)
            .ParsedBy((string text, out long value) => ByteSize.TryParse(text, out value) && value >= lowest && value <= highest);
    }

    /// <summary>An option whose value is a path, of a file that is written unless it is said otherwise.</summary>
    public static ValueOption<string?> Path(string name, string description, string help = "FILE", string accepted = "the path of a file to write") =>
        new ValueOption<string?>(name, description, null, help, accepted).ParsedBy((string text, out string? value) =>
        {
            value = text;
            return text.Length != 0;
        });

    public static ValueOption<string?> Json() => Path("--json", "Also write the report as JSON to this file");

    /// <summary>An option whose values are words.</summary>
    public static ValueOption<T> Word<T>(string name, string description, T fallback, params (string Word, T Value)[] words)
    {
        IEnumerable<string> names = words.Select(w => w.Word);
        return new ValueOption<T>(name, description, fallback, string.Join('|', names), $"one of {string.Join(", ", names)}")
            .ParsedBy((string text, out T value) =>
            {
                int found = Array.FindIndex(words, w => w.Word.Equals(text, StringComparison.OrdinalIgnoreCase));
                value = found < 0 ? fallback : words[found].Value;
                return found >= 0;
            });
    }
}
