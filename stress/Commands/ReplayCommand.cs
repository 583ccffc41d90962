using System.CommandLine;
using MagAlloc.Stress.Replay;
using MagAlloc.Stress.Verification;
using MagAlloc.Tooling.Commands;
using MagAlloc.Tooling.Reporting;

namespace MagAlloc.Stress.Commands;

/// <summary><c>stress replay</c>: replays allocation traces of real programs.</summary>
internal static class ReplayCommand
{
    public const string Examples = """
        Examples:
          stress replay trace.gz                        replay into MagAlloc, verify every block, report time and memory
          stress replay a.trace.gz b.trace.gz --budget  fail when a trace costs more memory than promised
          stress replay trace.gz --allocator libc       the same events for the C library, to compare
          stress replay trace.gz --threaded             one real thread for each thread of the recorded program
          stress replay trace.gz --checks full --verify full
          stress replay trace.gz --report run.html      a page with the memory of the verified pass and the latency histogram

        A trace is a gzip stream of 16-byte records (see stress/traces/README.md). ns per event is the fastest of several
        passes without verification; the memory figures come from a pass that verifies every block.
        """;

    public static Command Create(RunSession session)
    {
        Argument<string[]> traces = new("trace")
        {
            Description = "Trace files (*.trace.gz)",
            Arity = ArgumentArity.OneOrMore,
        };
        ValueOption<ReplayAllocatorKind> allocator = OptionFactory.Word(
            "--allocator",
            "What to replay into: MagAlloc or the C library. Default: magalloc",
            ReplayAllocatorKind.MagAlloc,
            ("magalloc", ReplayAllocatorKind.MagAlloc),
            ("libc", ReplayAllocatorKind.Libc));
        Option<bool> threaded = new("--threaded")
        {
            Description = "One real thread for each thread of the trace; operations on one object keep their order",
        };
        ValueOption<CheckLevel> checks = CommonOptions.Checks();
        ValueOption<VerifyMode> verify = OptionFactory.Word(
            "--verify",
            "Content to write and verify: every byte; for blocks above 4 KiB both ends and a word a page; nothing. Default: sampled",
            VerifyMode.Sampled,
            ("full", VerifyMode.Full),
            ("sampled", VerifyMode.Sampled),
            ("none", VerifyMode.None));
        Option<bool> budget = new("--budget")
        {
            Description = "Fail when peak committed exceeds 1.25 x peak live + 2 MiB, or more than 1 MiB stays committed",
        };
        ValueOption<int> runs = OptionFactory.Whole("--runs", "Timed passes after a warm-up; the fastest counts. Default: 15", new ReplayOptions().TimedPasses, 1, 1000);

        Command command = new("replay", "Replay allocation traces of real programs, verify every block, report time and memory")
        {
            Arguments = { traces },
            Options = { allocator, threaded, checks, verify, budget, runs },
        };
        CommonOptions common = new(command);
        ValueOption<string?> page = CommonOptions.PageFor(command);
        command.SetAction(parse => session.Run(
            CommonOptions.NewReport("replay", common.SeedOf(parse), page.ValueIn(parse)),
            common.JsonOf(parse),
            (report, console, interruption) =>
            {
                string[] files = parse.GetValue(traces) ?? [];
                foreach (string file in files)
                    OutputFile.RefuseInput(file, ("--json", common.JsonOf(parse)), ("--report", page.ValueIn(parse)));
                ReplayRun.Execute(
                    files,
                    new ReplayOptions
                    {
                        Allocator = allocator.ValueIn(parse),
                        Threaded = parse.GetValue(threaded),
                        Checks = checks.ValueIn(parse),
                        Verify = verify.ValueIn(parse),
                        EnforceBudget = parse.GetValue(budget),
                        TimedPasses = runs.ValueIn(parse),
                    },
                    report,
                    console,
                    interruption);
            },
            page.ValueIn(parse)));
        return command;
    }
}
