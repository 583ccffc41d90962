using System.CommandLine;
using MagAlloc.Tool.Tracing;
using MagAlloc.Tooling.Commands;
using MagAlloc.Tooling.Reporting;

namespace MagAlloc.Tool.Commands;

/// <summary><c>trace</c>: records the events of the engine, with allocation stacks, into a .nettrace file.</summary>
internal static class TraceCommand
{
    public static string Guide(string program, TracedPrograms programs) => $"""
        Examples:
          {program} trace -- {programs.Sample}                       into a file of this folder whose name has the time in it
          {program} trace -o run.nettrace -- {programs.Sample}
          {program} trace --speedscope -- {programs.Sample}          and FILE.speedscope.json, for https://www.speedscope.app
          {program} trace --everything -- {programs.Sample}          slabs, commits, size classes, the runtime's events
          {program} trace --pid 4711 --seconds 10      any .NET process that uses the engine

        {programs.Remark}
        The file is read by '{program} analyze', dotnet-trace, PerfView and Visual Studio. A command starts when the session is open, so its
        first event is there; Ctrl-C ends it cleanly, and the file is complete. Only managed code has stacks. Events that found the
        buffers full are counted, and told. At the end the sites that allocated most are listed: the methods that called the engine.
        """;

    public static Command Create(CommandSession session, TracedPrograms programs)
    {
        ValueOption<string?> output = OptionFactory.Path("--output", "The file to write. Default: magalloc-DATE-TIME.nettrace in this folder");
        output.Aliases.Add("-o");
        Option<bool> speedscope = new("--speedscope")
        {
            Description = "Also write FILE.speedscope.json: unmanaged bytes by call stack, with --cpu also CPU time",
        };
        Option<bool> everything = new("--everything")
        {
            Description = "Also slabs, commits, statistics of each size class, and the runtime's events (GC, JIT, exceptions, threads)",
        };
        Option<bool> cpu = new("--cpu") { Description = "Also the stacks of all threads every millisecond; costs an eighth to a quarter of the throughput" };
        Option<bool> within = new("--in-process") { Description = "Run the command in this process instead of one of its own" };
        ValueOption<long> sampleBytes = OptionFactory.Bytes(
            "--sample-bytes",
            $"One sampled allocation in so many bytes, on average; 0: none. Default: {Text.Bytes(TraceOptions.DefaultSampleBytes)}",
            TraceOptions.DefaultSampleBytes,
            0,
            1L << 40);
        ValueOption<int> mostSamples = OptionFactory.Whole(
            "--most-samples",
            $"Sampled allocations a second; where there would be more, they become rarer and stand for more. 0: no bound. Default: {TraceOptions.DefaultMostSamples}",
            (int)TraceOptions.DefaultMostSamples,
            0,
            1_000_000);
        ValueOption<double> seconds = OptionFactory.Seconds(
            "--seconds", "How long to record; a command runs on to its end. Default: until the process ends, or Ctrl-C", 0, 0.1, 604_800);
        ValueOption<long> buffer = OptionFactory.Bytes(
            "--buffer",
            $"Most memory of the traced process for events under way. Default: {TraceOptions.DefaultBufferMegabytes} MiB",
            (long)TraceOptions.DefaultBufferMegabytes << 20,
            1L << 20,
            4L << 30);

        Command command = new("trace", "Record the engine's events and allocation stacks of a command or a running process (.nettrace)")
        {
            Options = { output, speedscope, everything, cpu, sampleBytes, mostSamples, seconds, buffer },
        };
        if (programs.Within is not null)
            command.Options.Add(within);
        TracedOptions traced = new(command, programs);
        command.SetAction(parse => session.Run((console, interruption) =>
        {
            TraceOptions options = new()
            {
                Program = session.Program,
                File = output.ValueIn(parse) ?? TraceOptions.DatedFile(DateTime.Now),
                Speedscope = parse.GetValue(speedscope),
                Everything = parse.GetValue(everything),
                CpuSamples = parse.GetValue(cpu),
                SampleBytes = sampleBytes.ValueIn(parse),
                MostSamples = mostSamples.ValueIn(parse),
                BufferMegabytes = (int)(buffer.ValueIn(parse) >> 20),
                Duration = seconds.ValueIn(parse) is > 0 and double s ? TimeSpan.FromSeconds(s) : null,
            };
            if (options.Speedscope && options is { SampleBytes: 0, CpuSamples: false })
                throw new UsageException("--speedscope: there are no stacks with --sample-bytes 0; give a larger one, or --cpu");
            return TraceRun.Execute(options, traced.Of(parse, programs.Within is not null && parse.GetValue(within)), console, interruption);
        }));
        return command;
    }
}
