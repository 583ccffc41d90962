using NUnit.Framework;

namespace MagAlloc.Tests.Docs;

[TestFixture]
internal sealed class ReadmeTests
{
    private static readonly string s_root = Repository.Root;

    [Test]
    public void TheExample_IsTheOneThatIsCompiledAndRun()
    {
        string[] source = File.ReadAllLines(Path.Combine(s_root, "tests", "Docs", "ReadmeExample.cs"));
        int begin = Array.FindIndex(source, line => line.Contains("// example:begin", StringComparison.Ordinal));
        int end = Array.FindIndex(source, line => line.Contains("// example:end", StringComparison.Ordinal));
        string compiled = string.Join('\n', source[(begin + 1)..end].Select(line => line.Length > 8 ? line[8..] : line));

        Assert.That(Block("```csharp"), Is.EqualTo(compiled));
        Assert.That(ReadmeExample.Run().AllocatedBlocks, Is.Zero);
    }

    [Test]
    public void TheCommands_NameProjectsThatExist()
    {
        string commands = Block("```sh");
        Assert.That(commands, Does.Contain("dotnet run -c Release --project stress"));
        Assert.That(commands, Does.Contain("dotnet test Engine.sln -c Release"));
        Assert.That(File.Exists(Path.Combine(s_root, "stress", "Stress.csproj")), Is.True);
        Assert.That(File.Exists(Path.Combine(s_root, "Engine.sln")), Is.True);
    }

    [Test]
    public void EveryLinkedFile_Exists()
    {
        string readme = File.ReadAllText(Path.Combine(s_root, "README.md"));
        IEnumerable<string> missing =
            from part in readme.Split("](").Skip(1)
            let target = part[..part.IndexOf(')', StringComparison.Ordinal)]
            where !target.StartsWith("http", StringComparison.Ordinal) && !File.Exists(Path.Combine(s_root, target))
            select target;
        Assert.That(missing, Is.Empty);
    }

    private static string Block(string fence)
    {
        string readme = File.ReadAllText(Path.Combine(s_root, "README.md")).ReplaceLineEndings("\n");
        int begin = readme.IndexOf(fence + "\n", StringComparison.Ordinal) + fence.Length + 1;
        return readme[begin..readme.IndexOf("\n```", begin, StringComparison.Ordinal)];
    }
}
