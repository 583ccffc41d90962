using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using MagAlloc.Tests.Stress.Analysis;

namespace MagAlloc.Tests.Stress.Hosting;

/// <summary>Wherever the programs are started: one of the documented exit codes, at most one line on standard error, never an unhandled exception.</summary>
[Platform("Linux")]
[NonParallelizable]
public sealed class RoughPlaceTests
{
    private const int AtATime = 4;
    private const uint MemoryFileCall = 319; // memfd_create, of x64

    private static readonly string[] s_commands =
    [
        "stress --help",
        "stress hammock",
        "stress hammer --threads 1 --seconds 0.1",
        "stress iova --threads 1 --seconds 0.1",
        "stress init-sweep --component magazine-cache",
        "stress share --importers 1 --seconds 0.3",
        "stress trace -o /dev/null -- hammer --threads 1 --seconds 0.1",
        "stress top --interval 0.1 -- hammer --threads 1 --seconds 0.2",
        "stress analyze /no/such/file",
        "bench --help",
        "bench share --steps --quick --json /no/such/folder/file",
        "bench gate --baselines /no/such/file",
    ];

    private static readonly (string Name, string Script, int[] Codes)[] s_places =
    [
        ("standard output is closed", "{} >&-", [1, 2]),
        ("standard output is full", "{} > /dev/full", [1, 2]),
        ("nobody reads standard output", "{ {}; {code}; } | true", [0, 1, 2]),
        ("standard error is closed", "{} 2>&-", [0, 1, 2]),
        ("all three are closed", "{} <&- >&- 2>&-", [1, 2]),
        ("standard input is closed, and there is no home", "unset HOME; {} <&-", [0, 1, 2]),
        ("the temporary folder is missing", "TMPDIR=/no/such/folder {}", [0, 1, 2]),
        ("the temporary folder cannot be written", "TMPDIR=/proc {}", [0, 1, 2]),
        ("100 descriptors", "ulimit -n 100; {}", [0, 1, 2]),
        ("60 descriptors", "ulimit -n 60; {}", [0, 1, 2]),

        // With less, the runtime itself ends the process before or inside our own lines: it cannot load what it needs.
        ("little address space", "ulimit -v 8000000; {}", [0, 1, 2]),
    ];

    private TemporaryFolder _folder = null!;

    private static IEnumerable<string> Places => s_places.Select(place => place.Name);

    [OneTimeSetUp]
    public void MakeATrace()
    {
        _folder = new TemporaryFolder();
        Recording.Make(_folder["some.nettrace"], () => new NativeHeap().Dispose(), rundown: false, Recording.Everything(4096));
        byte[] whole = File.ReadAllBytes(_folder["some.nettrace"]);
        File.WriteAllBytes(_folder["cut.nettrace"], whole[..^1]);
    }

    [OneTimeTearDown]
    public void DeleteFolder() => _folder.Dispose();

    [TestCaseSource(nameof(Places))]
    public void Every_command_ends_with_a_documented_code_and_at_most_one_line(string name)
    {
        (_, string script, int[] codes) = s_places.Single(place => place.Name == name);
        ConcurrentBag<string> wrong = [];
        Parallel.ForEach(s_commands, new ParallelOptions { MaxDegreeOfParallelism = AtATime }, command =>
        {
            RoughRun run = RoughRun.Of(command, script);
            if (!codes.Contains(run.ExitCode) || run.ErrorLines.Length > 1 || (run.ExitCode == 2 && run.ErrorLines.Length == 0 && !script.Contains("2>&-", StringComparison.Ordinal)))
                wrong.Add($"{command}: {run.ExitCode}: {run.Error}");
        });
        Assert.That(wrong, Is.Empty);
    }

    [TestCase("stress --help", "{} > /dev/full", "stress: standard output: No space left on device")]
    [TestCase("bench --help", "{} > /dev/full", "bench: standard output: No space left on device")]
    [TestCase("stress hammer --threads 1 --seconds 60", "{} > /dev/full", "stress: standard output: No space left on device")]
    [TestCase("stress hammer --threads 1 --seconds 60", "{} >&-", "stress: standard output: it is closed")]
    [TestCase("stress trace -o '$FOLDER/t.nettrace' -- hammer --threads 1 --seconds 60", "{} >&-", "stress: standard output: it is closed")]
    [TestCase("stress analyze '$FOLDER/some.nettrace'", "{} >&-", "stress: standard output: it is closed")]
    [TestCase("stress analyze '$FOLDER/some.nettrace'", "TMPDIR=/no/such/folder {}", "stress: the temporary folder cannot be written: ")]
    [TestCase("stress analyze '$FOLDER/cut.nettrace'", "TMPDIR=/no/such/folder {}", "stress: the temporary folder cannot be written: ")]
    [TestCase("bench share", "{} >&-", "bench: standard output: it is closed")]
    [TestCase("bench share --steps", "{} >&-", "bench: standard output: it is closed")]
    [TestCase("bench iova", "{} >&-", "bench: standard output: it is closed")]
    [TestCase("bench compare", "{} >&-", "bench: standard output: it is closed")]
    public void Output_that_can_not_be_written_ends_the_run_with_one_line(string command, string place, string line)
    {
        RoughRun run = RoughRun.Of(command.Replace("$FOLDER", _folder["."], StringComparison.Ordinal), place);

        Assert.That(run.ExitCode, Is.EqualTo(2), run.Error);
        Assert.That(run.Error.TrimEnd(), Does.StartWith(line).And.Not.Contain("\n"));
    }

    [TestCase("stress top --interval 0.1 -- hammer --threads 1 --seconds 60")]
    [TestCase("stress hammer --threads 1 --seconds 60")]
    [TestCase("stress share --importers 1 --seconds 60")]
    [TestCase("bench share --frame 4KiB --quick --rounds 1")]
    [TestCase("stress trace -o \"$TMPDIR/magalloc-abandoned.nettrace\" -- hammer --threads 1 --seconds 60")]
    public void A_reader_that_has_enough_ends_the_run_quietly(string command)
    {
        RoughRun run = RoughRun.Of(command, "TMPDIR=${TMPDIR:-/tmp}; { {}; {code}; } | head -2; rm -f $TMPDIR/magalloc-abandoned.nettrace");

        Assert.That(run.ExitCode, Is.Zero, run.Error);

        // The bench tells on standard error what it measures at the moment.
        Assert.That(run.ErrorLines.Where(line => !line.StartsWith("share: ", StringComparison.Ordinal)), Is.Empty);
        Assert.That(run.Output.TrimEnd().Split('\n'), Has.Length.EqualTo(2), run.Output);
    }

    /// <summary>The number of a closed descriptor goes to what is opened next: not the report, nor one of the runtime's own pipes, gets what is printed.</summary>
    [Test]
    public void A_report_is_not_written_into_by_output_that_has_no_place()
    {
        using TemporaryFolder folder = new();
        RoughRun run = RoughRun.Of($"stress hammer --threads 1 --seconds 0.1 --json '{folder["run.json"]}'", "{} <&- >&- 2>&-");

        Assert.That(run.ExitCode, Is.EqualTo(2));
        using System.Text.Json.JsonDocument report = System.Text.Json.JsonDocument.Parse(File.ReadAllText(folder["run.json"]));
        Assert.That(report.RootElement.GetProperty("outcome").GetString(), Is.EqualTo("pass"));
    }

    [Test]
    public void Share_without_descriptors_says_which_limit()
    {
        RoughRun run = RoughRun.Of("stress share --seconds 1", "ulimit -n 100; {}");

        Assert.That(run.ExitCode, Is.EqualTo(1));
        Assert.That(run.Error.TrimEnd(), Does.StartWith("stress: BufferException: ").And.Contain("descriptors").And.Not.Contain("\n"));
    }

    /// <summary>As in a container whose policy knows nothing of memory files.</summary>
    [TestCase("stress share --seconds 1")]
    [TestCase("bench share --steps --quick")]
    public void Without_memory_files_there_is_one_line(string command)
    {
        Assume.That(RuntimeInformation.ProcessArchitecture, Is.EqualTo(System.Runtime.InteropServices.Architecture.X64));

        // The runtime itself would have one for its code.
        RoughRun run = RoughRun.Of(command, "DOTNET_EnableWriteXorExecute=0 {}", () => SystemCallFilter.Deny(MemoryFileCall));

        Assert.That(run.ExitCode, Is.EqualTo(1).Or.EqualTo(2), run.Error);
        Assert.That(run.Error.TrimEnd(), Does.Match("^(stress|bench): ").And.Not.Contain("\n"));
    }
}
