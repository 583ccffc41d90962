using System.Text.Json;
using MagAlloc.Tests.Bench.Commands;
using MagAlloc.Tests.Stress;

namespace MagAlloc.Tests.Bench.Iova;

/// <summary>A short comparison, its report, and what the user gets for bad input.</summary>
[NonParallelizable]
public sealed class IovaCommandTests
{
    private static readonly string[] s_keys =
        ["workload", "contender", "threads", "nsPerOperation", "spread", "operationsPerSecond", "settled"];

    private static readonly string[] s_contenders = ["iova-domain", "kernel-model", "kernel-model-spin", "native-heap"];

    [Test]
    public void Pair_IsMeasuredForDomainModelAndHeap()
    {
        string file = Path.Combine(Path.GetTempPath(), $"iova-{Guid.NewGuid():N}.json");
        try
        {
            ProgramRun run = BenchProgram.Run(
                "iova", "--quick", "--workload", "pair", "--threads", "1,2", "--rounds", "1", "--json", file);

            Assert.That(run.ExitCode, Is.Zero, run.Output + run.Error);
            using JsonDocument json = JsonDocument.Parse(File.ReadAllText(file));
            JsonElement[] results = [.. json.RootElement.GetProperty("results").EnumerateArray()];
            Assert.Multiple(() =>
            {
                Assert.That(
                    results.Select(r => $"{r.GetProperty("contender")} {r.GetProperty("threads")}"),
                    Is.EqualTo(new[] { 1, 2 }.SelectMany(threads => s_contenders.Select(contender => $"{contender} {threads}"))));
                foreach (JsonElement result in results)
                {
                    Assert.That(result.EnumerateObject().Select(p => p.Name), Is.EquivalentTo(s_keys));
                    Assert.That(result.GetProperty("nsPerOperation").GetDouble(), Is.InRange(0.1, 100_000));
                }

                Assert.That(json.RootElement.GetProperty("overKernelModel").GetArrayLength(), Is.EqualTo(2));
                double domain = results[0].GetProperty("nsPerOperation").GetDouble();
                double heap = results[3].GetProperty("nsPerOperation").GetDouble();
                Assert.That(json.RootElement.GetProperty("pairOverHeap").GetDouble(), Is.EqualTo(domain / heap).Within(0.01 * domain / heap));
                Assert.That(json.RootElement.GetProperty("fragmentedOverEmpty").ValueKind, Is.EqualTo(JsonValueKind.Null));
                Assert.That(run.Output, Does.Contain("× the heap's pair"));
            });
        }
        finally
        {
            File.Delete(file);
        }
    }

    [TestCase("--workload: 'nothing' is not known; give one or more of pair", "--workload", "nothing")]
    [TestCase("--threads: '0' is not accepted; give whole numbers from 1 to 1024", "--threads", "0")]
    [TestCase("--rounds: '0' is not accepted", "--rounds", "0")]
    [TestCase("--json: cannot write '/nowhere/out.json'", "--json", "/nowhere/out.json")]
    public void BadInput_IsOneLineAndExitCode2(string message, params string[] args)
    {
        ProgramRun run = BenchProgram.Run(["iova", .. args]);

        Assert.Multiple(() =>
        {
            Assert.That(run.ExitCode, Is.EqualTo(2));
            Assert.That(run.Error, Does.StartWith("bench: ").And.Contain(message));
            Assert.That(run.Error.TrimEnd(), Does.Not.Contain("\n"));
            Assert.That(run.Output, Is.Empty);
        });
    }

    [Test]
    public void Help_NamesEveryWorkload() =>
        Assert.That(BenchProgram.Run("iova", "--help").Output, Does.Contain("aligned-fragmented").And.Contain("pressure-32"));
}
