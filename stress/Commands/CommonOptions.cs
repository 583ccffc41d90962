using System.CommandLine;
using System.Globalization;
using MagAlloc.Stress.Reporting;
using MagAlloc.Stress.Reporting.Timeline;
using MagAlloc.Tooling.Commands;

namespace MagAlloc.Stress.Commands;

/// <summary>Options that several commands have. An instance belongs to one command.</summary>
internal sealed class CommonOptions
{
    private readonly ValueOption<ulong?> _seed = new ValueOption<ulong?>(
        "--seed",
        "Seed of every random choice, printed at the end, so that a run can be repeated. Default: random",
        null,
        "N",
        $"a whole number from 0 to {ulong.MaxValue}")
        .ParsedBy((string text, out ulong? value) =>
        {
            bool parsed = ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong number);
            value = number;
            return parsed;
        });

    private readonly ValueOption<string?> _json = OptionFactory.Json();

    /// <summary>Adds the options that every command has.</summary>
    public CommonOptions(Command command)
    {
        command.Options.Add(_seed);
        command.Options.Add(_json);
    }

    public static ValueOption<CheckLevel> Checks() => OptionFactory.Word(
        "--checks",
        "Checks of the heap under test. Default: none",
        CheckLevel.None,
        ("none", CheckLevel.None),
        ("basic", CheckLevel.Basic),
        ("full", CheckLevel.Full));

    /// <summary>Gives a command the option to write its report as a page.</summary>
    public static ValueOption<string?> PageFor(Command command)
    {
        ValueOption<string?> page = OptionFactory.Path("--report", "Also write the report as one HTML page with charts to this file");
        command.Options.Add(page);
        return page;
    }

    /// <summary>The report of a run that is looked at while it goes on, if a page wants that.</summary>
    public static RunReport NewReport(string command, ulong seed, string? page) =>
        new(command, seed) { Timeline = page is null ? null : new RunTimeline() };

    public ulong SeedOf(ParseResult parse) => _seed.ValueIn(parse) ?? (ulong)Random.Shared.NextInt64();

    public string? JsonOf(ParseResult parse) => _json.ValueIn(parse);
}
