using System.CommandLine;
using MagAlloc.Stress.Iova;
using MagAlloc.Stress.Reporting;
using MagAlloc.Tooling.Commands;
using MagAlloc.Tooling.Reporting;

namespace MagAlloc.Stress.Commands;

/// <summary><c>stress iova</c>: many threads on one address-range domain, every range verified.</summary>
internal static class IovaCommand
{
    public const string Examples = """
        Examples:
          stress iova --threads 4 --seconds 60 --thread-churn
          stress iova --limit32 100 --fill 97              run into exhaustion below 4 GiB all the time
          stress iova --aging                              a minute that stands for an hour of the reclaim worker
          stress iova --aging --policy flat --json aging.json
          stress iova --thread-churn --report run.html     a page with the address space over time and the latency histogram

        Every range is entered into an oracle with a bit for each pfn; one that somebody holds already, lies above its limit or is not
        aligned ends the run with exit code 1. A request that is refused is examined while all other threads stand still: it
        is a false exhaustion when there was room. At the end all is freed, and the whole space must be had as one range.
        --aging: steady traffic, demand wanders over the sizes, one thread frees what another got; "throughput" and "ranges" in
        the JSON report have a figure for each second.
        """;

    private const int HourInAMinute = 60;

    public static Command Create(RunSession session)
    {
        IovaStressOptions defaults = new();
        int processors = Math.Clamp(Environment.ProcessorCount, 4, IovaStressOptions.MaxThreads);
        ValueOption<int> threads = OptionFactory.Whole(
            "--threads", $"Threads that work at the same time. Default: {processors}", processors, 1, IovaStressOptions.MaxThreads);
        ValueOption<double> seconds = OptionFactory.Seconds("--seconds", "How long. Default: 10, with --aging 60", 0, 0.1, 604_800);
        ValueOption<int> limit32 = OptionFactory.Whole(
            "--limit32", $"Per cent of the requests that must lie below 4 GiB. Default: {defaults.Limit32Percent}", defaults.Limit32Percent, 0, 100, "PCT");
        ValueOption<int> fill = OptionFactory.Whole(
            "--fill", $"Per cent of the space below 4 GiB that is held. Default: {defaults.FillPercent}", defaults.FillPercent, 1, 100, "PCT");
        ValueOption<int> crossThread = OptionFactory.Whole(
            "--cross-thread",
            $"Per cent of the ranges that another thread frees. Default: {defaults.CrossThreadPercent}, with --aging 50",
            -1,
            0,
            100,
            "PCT");
        Option<bool> churn = new("--thread-churn") { Description = "Threads end after some thousand operations, with ranges in their caches" };
        Option<bool> aging = new("--aging") { Description = "Steady traffic; reports the throughput of every second" };
        ValueOption<int> clock = OptionFactory.Whole(
            "--clock", "How many times faster the reclaim worker's clock runs. Default: 1, with --aging 60", 0, 1, 100);
        ValueOption<CheckLevel> checks = OptionFactory.Word(
            "--checks", "Checks of the domain. Default: none", CheckLevel.None, ("none", CheckLevel.None), ("basic", CheckLevel.Basic));
        ValueOption<ReclaimPolicy> policy = OptionFactory.Word(
            "--policy",
            "Reclaim policy of the domain. Default: working-set",
            ReclaimPolicy.WorkingSet,
            ("flat", ReclaimPolicy.Flat),
            ("working-set", ReclaimPolicy.WorkingSet));

        Command command = new("iova", "Threads allocate, find, hand over, reserve and free address ranges; everything is proved")
        {
            Options = { threads, seconds, limit32, fill, crossThread, churn, aging, clock, checks, policy },
        };
        CommonOptions common = new(command);
        ValueOption<string?> page = CommonOptions.PageFor(command);
        command.SetAction(parse =>
        {
            ulong seed = common.SeedOf(parse);
            bool ages = parse.GetValue(aging);
            IovaStressOptions options = new()
            {
                Threads = threads.ValueIn(parse),
                Duration = TimeSpan.FromSeconds(seconds.ValueIn(parse) is > 0 and var given ? given : ages ? 60 : 10),
                Limit32Percent = limit32.ValueIn(parse),
                FillPercent = fill.ValueIn(parse),
                CrossThreadPercent = crossThread.ValueIn(parse) is >= 0 and var percent ? percent : ages ? 50 : defaults.CrossThreadPercent,
                ThreadChurn = parse.GetValue(churn),
                Aging = ages,
                Clock = clock.ValueIn(parse) is > 0 and var factor ? factor : ages ? HourInAMinute : 1,
                Checks = checks.ValueIn(parse),
                Policy = policy.ValueIn(parse),
                Seed = seed,
            };
            return session.Run(
                CommonOptions.NewReport("iova", seed, page.ValueIn(parse)),
                common.JsonOf(parse),
                (report, console, interruption) => Execute(options, report, console, interruption),
                page.ValueIn(parse));
        });
        return command;
    }

    public static void Execute(IovaStressOptions options, RunReport report, ProgramConsole console, CancellationToken interruption)
    {
        string kind = options.Aging
            ? $"aging, {Text.Seconds(options.Duration * options.Clock)} of the worker's clock"
            : $"{options.FillPercent} % of 4 GiB held, churn {(options.ThreadChurn ? "on" : "off")}";
        console.Heading(
            $"iova: {options.Threads} threads, {Text.Seconds(options.Duration)}, {options.Limit32Percent} % below 4 GiB, "
            + $"{options.CrossThreadPercent} % cross-thread, {kind}, checks {options.Checks}, seed {options.Seed}");
        IovaStressResult result = IovaStressRun.Execute(options, console, interruption, report.Timeline);
        report.Add(result);
        if (options.Aging && result.Throughput.Count != 0)
            PrintSeconds(result, console);
        console.Summary(
        [
            new("operations", Text.Count(result.Operations)),
            new("per second", Text.Count((long)result.OperationsPerSecond)),
            .. options.Aging ? [new SummaryRow("last quarter to first", Text.Number(result.Drift, "0.000"))] : Array.Empty<SummaryRow>(),
            new("threads born", Text.Count(result.ThreadsBorn)),
            new("cross-thread frees", Text.Count(result.CrossThreadFrees)),
            new("refused", Text.Count(result.Refused)),
            new("refusals examined", Text.Count(result.Proofs)),
            new("false exhaustions", Text.Count(result.FalseExhaustions)),
            new("overlaps", Text.Count(result.Overlaps)),
            new("violations", Text.Count(result.Violations)),
            new("lost ranges", Text.Count(result.LostRanges)),
            new("depot exchanges", Text.Count(result.Statistics.DepotExchanges)),
            new("magazines reclaimed", Text.Count(result.Statistics.ReclaimedMagazines)),
            new("limit hits", $"{Text.Count(result.Statistics.LimitHits)} own, {Text.Count(result.Statistics.LimitDepotHits)} depot"),
            new("limit misses", Text.Count(result.Statistics.LimitMisses)),
            new("flush retries", Text.Count(result.Statistics.FlushRetries)),
            new("search steps", Text.Count(result.Statistics.SearchSteps)),
            new("latency p50", Text.Nanoseconds(result.Latency.Percentile(0.5))),
            new("latency p99", Text.Nanoseconds(result.Latency.Percentile(0.99))),
            new("latency p99.9", Text.Nanoseconds(result.Latency.Percentile(0.999))),
            new("latency max", Text.Nanoseconds(result.Latency.Max)),
        ]);
    }

    private static void PrintSeconds(IovaStressResult result, ProgramConsole console)
    {
        // At most a dozen lines; the JSON report has every second.
        int stride = Math.Max(1, (result.Throughput.Count + 11) / 12);
        console.Grid(
            ["second", "operations", "ranges", "depot magazines"],
            [
                .. Enumerable.Range(0, result.Throughput.Count).Where(i => i % stride == 0 || i == result.Throughput.Count - 1).Select(i => (string[])
                [
                    Text.Count(i + 1), Text.Count(result.Throughput[i]), Text.Count(result.Ranges[i]), Text.Count(result.DepotMagazines[i]),
                ]),
            ]);
    }
}
