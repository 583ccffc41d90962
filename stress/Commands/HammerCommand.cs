using System.CommandLine;
using MagAlloc.Stress.Hammer;
using MagAlloc.Stress.Reporting;
using MagAlloc.Tooling.Commands;
using MagAlloc.Tooling.Reporting;

namespace MagAlloc.Stress.Commands;

/// <summary><c>stress hammer</c>: many threads on one heap, every block verified.</summary>
internal static class HammerCommand
{
    public const string Examples = """
        Examples:
          stress hammer --threads 8 --seconds 60 --thread-churn --cross-thread 30 --faults p=0.001
          stress hammer --threads 4 --seconds 20 --checks full --seed 7
          stress hammer --limit 64MiB --max-size 4MiB           run into a byte limit all the time
          stress hammer --faults nth=500                        the 500th fallible step fails
          stress hammer --faults p=0.01,points=commit|slabcreate --json report.json
          stress hammer --thread-churn --report run.html        a page with memory over time and the latency histogram

        Every block is filled whole with its owner's number and a sequence number, and verified whole before it is freed,
        resized or handed over and after it was received. One wrong byte ends the run with exit code 1.
        """;

    public static Command Create(RunSession session)
    {
        HammerOptions defaults = new();
        int processors = Math.Clamp(Environment.ProcessorCount, 4, HammerOptions.MaxThreads);
        ValueOption<int> threads = OptionFactory.Whole(
            "--threads", $"Threads that work at the same time. Default: {processors}", processors, 1, HammerOptions.MaxThreads);
        ValueOption<double> seconds = OptionFactory.Seconds("--seconds", "How long. Default: 10", 10, 0.1, 604_800);
        Option<bool> pin = new("--pin") { Description = "Keep each thread on one CPU" };
        ValueOption<int> crossThread = OptionFactory.Whole(
            "--cross-thread", "Per cent of the blocks that another thread frees. Default: 30", 30, 0, 100, "PCT");
        Option<bool> churn = new("--thread-churn")
        {
            Description = "Threads end after some thousand operations and leave their live blocks to others",
        };
        ValueOption<FaultSpec> faults = FaultsOption();
        ValueOption<CheckLevel> checks = CommonOptions.Checks();
        ValueOption<long> limit = OptionFactory.Bytes(
            "--limit", "Byte limit of the heap. Default: none", long.MaxValue, 1L << 20, 1L << 46);
        ValueOption<ReclaimPolicy> policy = OptionFactory.Word(
            "--policy",
            "Reclaim policy of the heap. Default: working-set",
            ReclaimPolicy.WorkingSet,
            ("flat", ReclaimPolicy.Flat),
            ("working-set", ReclaimPolicy.WorkingSet));
        ValueOption<long> maxSize = OptionFactory.Bytes(
            "--max-size", $"Largest block. Default: {Text.Bytes(defaults.MaxSize)}", defaults.MaxSize, 1, 1L << 30);
        ValueOption<int> live = OptionFactory.Whole(
            "--live", $"Blocks that each thread keeps alive. Default: {defaults.Live}", defaults.Live, 1, 1_000_000);

        Command command = new("hammer", "Threads allocate, fill, verify, hand over, resize and free; everything is proved")
        {
            Options = { threads, seconds, pin, crossThread, churn, faults, checks, limit, policy, maxSize, live },
        };
        CommonOptions common = new(command);
        ValueOption<string?> page = CommonOptions.PageFor(command);
        command.SetAction(parse =>
        {
            ulong seed = common.SeedOf(parse);
            HammerOptions options = new()
            {
                Threads = threads.ValueIn(parse),
                Duration = TimeSpan.FromSeconds(seconds.ValueIn(parse)),
                Pin = parse.GetValue(pin),
                CrossThreadPercent = crossThread.ValueIn(parse),
                ThreadChurn = parse.GetValue(churn),
                Faults = faults.ValueIn(parse),
                Checks = checks.ValueIn(parse),
                ByteLimit = limit.ValueIn(parse),
                Policy = policy.ValueIn(parse),
                MaxSize = maxSize.ValueIn(parse),
                Live = live.ValueIn(parse),
                Seed = seed,
            };
            return session.Run(
                CommonOptions.NewReport("hammer", seed, page.ValueIn(parse)),
                common.JsonOf(parse),
                (report, console, interruption) => Execute(options, report, console, interruption),
                page.ValueIn(parse));
        });
        return command;
    }

    public static void Execute(HammerOptions options, RunReport report, ProgramConsole console, CancellationToken interruption)
    {
        console.Heading(
            $"hammer: {options.Threads} threads, {Text.Seconds(options.Duration)}, {options.CrossThreadPercent} % cross-thread, "
            + $"churn {(options.ThreadChurn ? "on" : "off")}, faults {options.Faults}, checks {options.Checks}, seed {options.Seed}");
        HammerResult result = HammerRun.Execute(options, console, interruption, report.Timeline);
        report.Add(result);
        console.Summary(
        [
            new("operations", Text.Count(result.Operations)),
            new("per second", Text.Count((long)result.OperationsPerSecond)),
            new("threads born", Text.Count(result.ThreadsBorn)),
            new("cross-thread frees", Text.Count(result.CrossThreadFrees)),
            new("verified", Text.Bytes(result.BytesVerified)),
            new("faults injected", Text.Count(result.InjectedFaults)),
            new("requests refused", Text.Count(result.Refused)),
            new("corruptions", Text.Count(result.Corruptions)),
            new("leaked blocks", Text.Count(result.LeakedBlocks)),
            new("misuses", Text.Count(result.Statistics.Misuses)),
            new("depot exchanges", Text.Count(result.Statistics.DepotExchanges)),
            new("magazines reclaimed", Text.Count(result.Statistics.ReclaimedMagazines)),
            new("peak committed", Text.Bytes(result.Statistics.PeakCommittedBytes)),
            new("end committed", Text.Bytes(result.Statistics.CommittedBytes)),
            new("latency p50", Text.Nanoseconds(result.Latency.Percentile(0.5))),
            new("latency p99", Text.Nanoseconds(result.Latency.Percentile(0.99))),
            new("latency p99.9", Text.Nanoseconds(result.Latency.Percentile(0.999))),
            new("latency max", Text.Nanoseconds(result.Latency.Max)),
        ]);
    }

    private static ValueOption<FaultSpec> FaultsOption()
    {
        ValueOption<FaultSpec> option = new(
            "--faults", $"Faults to inject: {FaultSpec.Syntax}. Default: none", FaultSpec.None, "SPEC", FaultSpec.Syntax);

        // Not ParsedBy: the parser of the specification says which part of it is wrong.
        option.CustomParser = result =>
        {
            string text = result.Tokens.Count == 0 ? string.Empty : result.Tokens[^1].Value;
            if (!FaultSpec.TryParse(text, out FaultSpec spec, out string error))
                result.AddError($"{option.Name}: {error}");
            return spec;
        };
        return option;
    }
}
