using System.CommandLine;
using MagAlloc.Stress.Reporting;
using MagAlloc.Stress.Sharing;
using MagAlloc.Tooling.Commands;
using MagAlloc.Tooling.Reporting;

namespace MagAlloc.Stress.Commands;

/// <summary><c>stress share</c>: buffers shared with processes that are killed, and with some that cheat.</summary>
internal static class ShareCommand
{
    public const string Examples = """
        Examples:
          stress share --importers 4 --seconds 30          honest importers, killed at any moment
          stress share --rogue all --seconds 60            and one after another of each kind that cheats
          stress share --kills 1000 --json share.json      until a thousand were killed
          stress share --rogue fork,repass --seed 7        what a dead importer's heirs hold is taken from them

        This process owns the buffers; importers are processes of their own, which it starts. Every frame is verified by each importer, and by the
        owner where an importer writes to it. After each SIGKILL everything that the dead one held must be back: reclaimMs is that time, for those
        that had connected; more than one in ten above 100 ms is a failure.
        Rogues: hold (never lets go, brings revoked pages back), raw (touches what was cut off, and dies of it), repass (gives its descriptors to another process and dies), fork (leaves a child with its
        mappings and dies), unread (leaves descriptors in its socket), liar (says that it let go), garbage (sends what is no message).
        """;

    private const string All = "all";

    public static Command Create(RunSession session)
    {
        ShareOptions defaults = new();
        ValueOption<int> importers = OptionFactory.Whole(
            "--importers", $"Importer processes that live at the same time. Default: {defaults.Importers}", defaults.Importers, 1, ShareOptions.MostImporters);
        ValueOption<double> seconds = OptionFactory.Seconds("--seconds", "How long, if no number of kills is given; each rogue comes at least once. Default: 10", 10, 0.1, 604_800);
        ValueOption<int> kills = OptionFactory.Whole("--kills", "End after so many importers were killed. Default: when the time is up", 0, 1, 1_000_000);
        ValueOption<IReadOnlyList<RogueKind>> rogues = RoguesOption();
        ValueOption<long> frame = OptionFactory.Bytes(
            "--frame", $"Size of a frame. Default: {Text.Bytes(defaults.FrameBytes)}", defaults.FrameBytes, 4096, 1 << 20);
        ValueOption<int> buffers = OptionFactory.Whole(
            "--buffers", $"Buffers that frames go round in. Default: {defaults.StreamBuffers}", defaults.StreamBuffers, 3, 32);
        Command command = new("share", "Frames go to other processes, which are killed at any moment, or cheat; everything is proved and gets back")
        {
            Options = { importers, seconds, kills, rogues, frame, buffers },
        };
        CommonOptions common = new(command);
        command.SetAction(parse =>
        {
            ulong seed = common.SeedOf(parse);
            ShareOptions options = new()
            {
                Importers = importers.ValueIn(parse),
                Duration = TimeSpan.FromSeconds(seconds.ValueIn(parse)),
                Kills = kills.ValueIn(parse),
                Rogues = rogues.ValueIn(parse),
                FrameBytes = frame.ValueIn(parse),
                StreamBuffers = buffers.ValueIn(parse),
                Seed = seed,
            };
            return session.Run(
                new RunReport("share", seed), common.JsonOf(parse), (report, console, interruption) => Execute(options, report, console, interruption));
        });
        return command;
    }

    /// <exception cref="UsageException">There are no such buffers on this system.</exception>
    public static void Execute(ShareOptions options, RunReport report, ProgramConsole console, CancellationToken interruption)
    {
        if (!OperatingSystem.IsLinux())
            throw new UsageException("buffers are shared between processes on Linux only");
        string until = options.Kills == 0 ? Text.Seconds(options.Duration) : $"{Text.Count(options.Kills)} kills";
        string rogues = options.Rogues.Count == 0 ? "none" : string.Join(", ", options.Rogues).ToLowerInvariant();
        console.Heading(
            $"share: {options.Importers} importers, {until}, frames of {Text.Bytes(options.FrameBytes)} in {options.StreamBuffers} buffers, rogues {rogues}, seed {options.Seed}");
        ShareResult result = ShareRun.Execute(options, console, interruption);
        report.Add(result);
        console.Summary(
        [
            new("hand-overs", Text.Count(result.Handovers)),
            new("per second", Text.Count((long)(result.Handovers / Math.Max(result.Elapsed.TotalSeconds, 1e-9)))),
            new("frames verified", Text.Count(result.Verified)),
            new("kills", Text.Count(result.Kills)),
            new("rogues", Text.Count(result.Episodes)),
            new("corruptions", Text.Count(result.Corruptions)),
            new("quota overruns", Text.Count(result.QuotaOverruns)),
            new("requests refused", Text.Count(result.Refused)),
            new("orphans", Text.Count(result.Statistics.Orphans)),
            new("revocations", Text.Count(result.Statistics.Revocations)),
            new("reinflations", Text.Count(result.Statistics.Reinflations)),
            new("false releases", Text.Count(result.Statistics.FalseReleases)),
            new("unreclaimed", Text.Bytes(result.UnreclaimedBytes)),
            new("descriptor growth", Text.Count(result.DescriptorGrowth)),
            new("reclaim after a kill p50", Text.Nanoseconds(result.Reclaim.Percentile(0.5))),
            new("reclaim after a kill max", Text.Nanoseconds(result.Reclaim.Max)),
            new($"later than {ShareRun.ReclaimBound.TotalMilliseconds:0} ms", Text.Count(result.LateReclaims)),
            new("killed before they connected", Text.Count(result.EarlyKills)),
            new("longest pause of the stream", Text.Seconds(result.LongestPause)),
            new("revocation of rogues max", Text.Nanoseconds(result.Revocation.Max)),
            new("tracking", result.Statistics.Tracking.ToString().ToLowerInvariant()),
        ]);
    }

    private static ValueOption<IReadOnlyList<RogueKind>> RoguesOption()
    {
        string names = string.Join(", ", Enum.GetNames<RogueKind>()).ToLowerInvariant();
        return new ValueOption<IReadOnlyList<RogueKind>>(
            "--rogue", "Importers that cheat: a list of kinds, or all. Default: none", [], "KIND,…", $"a list of {names}, or {All}")
            .ParsedBy((string text, out IReadOnlyList<RogueKind> kinds) =>
            {
                List<RogueKind> found = [];
                kinds = found;
                if (text.Equals(All, StringComparison.OrdinalIgnoreCase))
                {
                    kinds = Enum.GetValues<RogueKind>();
                    return true;
                }

                foreach (string word in text.Split(',', StringSplitOptions.TrimEntries))
                {
                    if (!Enum.TryParse(word, ignoreCase: true, out RogueKind kind) || !char.IsAsciiLetter(word[0]))
                        return false;
                    found.Add(kind);
                }

                return found.Count != 0;
            });
    }
}
