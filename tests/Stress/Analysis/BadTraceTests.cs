using System.Diagnostics.Tracing;
using MagAlloc.Tests.Stress.Tracing;
using Microsoft.Diagnostics.NETCore.Client;

namespace MagAlloc.Tests.Stress.Analysis;

/// <summary>Files that are no trace, or have not one block of it: one line, exit code 2, and nothing written.</summary>
[NonParallelizable]
public sealed unsafe class BadTraceTests
{
    private const int Flips = 40;

    private TemporaryFolder _folder = null!;
    private byte[] _whole = [];

    [OneTimeSetUp]
    public void MakeATrace()
    {
        _folder = new TemporaryFolder();
        Recording.Make(_folder["whole.nettrace"], AllocateALittle, Recording.Everything(4096));
        _whole = File.ReadAllBytes(_folder["whole.nettrace"]);
    }

    [OneTimeTearDown]
    public void DeleteFolder() => _folder.Dispose();

    [Test]
    public void TheWholeTrace_IsRead() => Assert.That(StressProgram.Run("analyze", _folder["whole.nettrace"]).ExitCode, Is.Zero);

    [TestCase(0, "empty")]
    [TestCase(5, "truncated")]
    [TestCase(30, "truncated")]
    [TestCase(100, "truncated")]
    public void CutBeforeItsFirstBlock_IsRefused(int length, string why) => Refused(_folder["cut.nettrace"], _whole[..length], why);

    [Test]
    public void Foreign_IsRefused()
    {
        byte[] noise = new byte[10_000];
        new Random(1).NextBytes(noise);

        Refused(_folder["noise.nettrace"], noise, "not a .nettrace file");
        Refused(_folder["text.nettrace"], [.. "{\"traceEvents\":[]}"u8], "not a .nettrace file");
        Refused(_folder["name.nettrace"], [.. "Nettrace and then something else altogether, long enough for a header"u8], "cannot be read as a trace|truncated");
    }

    [Test]
    public void ATraceWithoutTheEngine_IsRefused()
    {
        string file = _folder["runtime.nettrace"];
        Recording.Make(file, GC.Collect, new EventPipeProvider("Microsoft-Windows-DotNETRuntime", EventLevel.Informational, 1));

        Refused(file, File.ReadAllBytes(file), "no event of MagAlloc");
    }

    [TestCase("/no/such/file.nettrace", "no such file")]
    [TestCase("/tmp", "cannot be read")]
    public void NoFile_IsRefused(string file, string why)
    {
        ProgramRun run = StressProgram.Run("analyze", file);

        Assert.That(run.ExitCode, Is.EqualTo(2));
        Assert.That(run.Error.TrimEnd(), Does.StartWith($"stress: {file}").And.Contain(why).And.Not.Contain("\n"));
    }

    [TestCase("--html")]
    [TestCase("--json")]
    public void UnwritablePath_IsRefused(string option)
    {
        ProgramRun run = StressProgram.Run("analyze", _folder["whole.nettrace"], option, "/no/such/folder/out");

        Assert.That(run.ExitCode, Is.EqualTo(2));
        Assert.That(run.Error.TrimEnd(), Does.Contain($"{option}: cannot write").And.Not.Contain("\n"));
    }

    /// <summary>Under its own name and under others, the trace is not written over.</summary>
    [TestCase("--json")]
    [TestCase("--html")]
    [TestCase("--speedscope")]
    [Platform("Linux")]
    public void The_trace_itself_is_no_output(string option)
    {
        string trace = _folder["itself.nettrace"], link = _folder["link"], twin = _folder["twin"];
        File.WriteAllBytes(trace, _whole);
        File.Delete(link);
        File.Delete(twin);
        File.CreateSymbolicLink(link, trace);
        using (ExternalProgram hardLink = ExternalProgram.Start("ln", trace, twin))
            Assert.That(hardLink.AwaitEnd(), Is.Zero);
        foreach (string output in new[] { trace, _folder["./itself.nettrace"], link, twin })
        {
            ProgramRun run = StressProgram.Run("analyze", trace, option, output);

            Assert.That(run.ExitCode, Is.EqualTo(2), output);
            Assert.That(run.Error.TrimEnd(), Does.Contain($"{option}: '{output}' is the file that is read").And.Not.Contain("\n"));
            Assert.That(File.ReadAllBytes(trace).AsSpan().SequenceEqual(_whole), Is.True, output);
        }
    }

    [TestCase("--json")]
    [TestCase("--report")]
    public void A_replayed_trace_is_no_output(string option)
    {
        string trace = _folder["small.trace.gz"];
        byte[] content = new TraceBytes().Allocate(0, 100).Free(0).Gzip();
        File.WriteAllBytes(trace, content);

        ProgramRun run = StressProgram.Run("replay", trace, option, trace);

        Assert.That(run.ExitCode, Is.EqualTo(2), run.Output);
        Assert.That(File.ReadAllBytes(trace).AsSpan().SequenceEqual(content), Is.True);
    }

    /// <summary>A wrong byte anywhere may be noticed or not, but it must not break the program.</summary>
    [Test]
    public void Damaged_IsReadOrRefused()
    {
        Random random = new(3);
        for (int flip = 0; flip < Flips; flip++)
        {
            byte[] damaged = [.. _whole];
            int at = random.Next(flip % 2 == 0 ? 3000 : damaged.Length);
            damaged[at] ^= (byte)(1 << random.Next(8));
            string file = _folder["damaged.nettrace"];
            File.WriteAllBytes(file, damaged);

            ProgramRun run = StressProgram.Run("analyze", file, "--html", _folder["damaged.html"]);

            Assert.That(run.ExitCode, Is.Zero.Or.EqualTo(2), $"byte {at}: {run.Error}");
            Assert.That(run.Error.TrimEnd(), Does.Not.Contain("\n"), $"byte {at}");
        }
    }

    private static void AllocateALittle()
    {
        using NativeHeap heap = new(new NativeHeapOptions { Name = "little" });
        for (int i = 0; i < 2000; i++)
            heap.Free(heap.Allocate(2048));
        void*[] blocks = new void*[500];
        for (int i = 0; i < blocks.Length; i++)
            blocks[i] = heap.Allocate(1000);
        foreach (void* block in blocks)
            heap.Free(block);
    }

    private void Refused(string file, byte[] content, string why)
    {
        File.WriteAllBytes(file, content);
        ProgramRun run = StressProgram.Run("analyze", file, "--json", _folder["out.json"], "--html", _folder["out.html"]);

        Assert.Multiple(() =>
        {
            Assert.That(run.ExitCode, Is.EqualTo(2));
            Assert.That(run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => !line.StartsWith("reading ", StringComparison.Ordinal)), Is.Empty, "beside progress, on a slow machine");
            Assert.That(run.Error.TrimEnd(), Does.StartWith($"stress: {file}: ").And.Match(why).And.Not.Contain("\n"));
            Assert.That(File.Exists(_folder["out.json"]), Is.False);
            Assert.That(File.Exists(_folder["out.html"]), Is.False);
        });
    }
}
