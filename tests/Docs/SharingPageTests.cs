using System.Reflection;
using MagAlloc.Tests.Stress.Tracing;

namespace MagAlloc.Tests.Docs;

/// <summary>docs/sharing.md: its two programs are those that are built, and they work together.</summary>
[Platform("Linux")]
[NonParallelizable]
public sealed class SharingPageTests
{
    [Test]
    public void The_programs_on_the_page_are_those_that_are_built() =>
        Assert.That(
            Repository.Blocks("sharing.md", "csharp"),
            Is.EqualTo(new[] { "Producer", "Consumer" }.Select(name => File.ReadAllText(Repository.PathOf("docs", "samples", name, "Program.cs")).ReplaceLineEndings("\n").TrimEnd('\n'))));

    [Test]
    public void Producer_and_consumer_pass_all_frames()
    {
        string address = $"@magalloc-sample-{Environment.ProcessId}";
        using ExternalProgram producer = Samples.Start("Producer", address, "50");
        producer.AwaitOutput(output => output.Contains("waiting", StringComparison.Ordinal));
        using ExternalProgram consumer = Samples.Start("Consumer", address);

        Assert.That(consumer.AwaitEnd(), Is.Zero, consumer.Output);
        Assert.That(producer.AwaitEnd(), Is.Zero, producer.Output);
        Assert.That(consumer.Output, Does.Contain("saw 50 frames"));
        Assert.That(producer.Output, Does.Contain("handed over 50, acknowledged 50; ").And.Contain("not back 0 bytes"));
    }

    [Test]
    public void A_consumer_that_dies_costs_the_producer_nothing()
    {
        string address = $"@magalloc-sample-killed-{Environment.ProcessId}";
        using ExternalProgram producer = Samples.Start("Producer", address, "1000000");
        producer.AwaitOutput(output => output.Contains("waiting", StringComparison.Ordinal));
        using ExternalProgram consumer = Samples.Start("Consumer", address);
        Assert.That(SpinWait.SpinUntil(() => HasMapped(consumer.Id, "memfd:frames"), TimeSpan.FromSeconds(25)), Is.True, producer.Output);
        consumer.Signal("KILL");

        Assert.That(producer.AwaitEnd(), Is.EqualTo(1), producer.Output);
        Assert.That(producer.Output, Does.Contain("not back 0 bytes"));
    }

    /// <summary>Whether a process has a file mapped: then the consumer is in the middle of its frames.</summary>
    private static bool HasMapped(int process, string name)
    {
        Thread.Sleep(20);
        return File.ReadAllText($"/proc/{process}/maps").Contains(name, StringComparison.Ordinal);
    }

    [Test]
    public void Every_option_and_error_on_the_page_exists()
    {
        string page = File.ReadAllText(Repository.PathOf("docs", "sharing.md"));
        IEnumerable<string> rows(string header) =>
            page.Split('\n').SkipWhile(line => !line.StartsWith(header, StringComparison.Ordinal)).Skip(2).TakeWhile(line => line.StartsWith('|'));
        IEnumerable<string> options = rows("| option |").SelectMany(row => row.Split('|')[1].Split(',', StringSplitOptions.TrimEntries)).Select(name => name.Trim('`', ' '));
        IEnumerable<string> errors = rows("| operation |").SelectMany(row => row.Split('|')[2].Split('`').Where((_, i) => i % 2 == 1));

        Assert.That(options, Is.SubsetOf(typeof(BufferQueueOptions).GetProperties(BindingFlags.Instance | BindingFlags.Public).Select(property => property.Name)));
        Assert.That(
            errors.Distinct(),
            Is.SubsetOf(Enum.GetNames<BufferError>().Append(nameof(BufferQueueOptions.ImplicitStop)).Append(nameof(BufferException.Holders)).Append(nameof(BufferException.Released))));
        Assert.That(Enum.GetNames<BufferError>().Except(errors), Is.EqualTo(new[] { nameof(BufferError.TooManyFilesInSystem) }));
    }
}
