using System.Diagnostics.Tracing;
using Microsoft.Diagnostics.NETCore.Client;

namespace MagAlloc.Tests.Stress.Analysis;

/// <summary>Traces a piece of code of this process with everything that the engine tells.</summary>
internal static class Recording
{
    public static void Make(string file, Action program, params EventPipeProvider[] providers) => Make(file, program, rundown: true, providers);

    /// <param name="file">The trace.</param>
    /// <param name="program">What is traced.</param>
    /// <param name="rundown">The names of all methods of this process, at the end: nearly all of a short trace.</param>
    /// <param name="providers">What tells.</param>
    public static void Make(string file, Action program, bool rundown, params EventPipeProvider[] providers)
    {
        DiagnosticsClient client = new(Environment.ProcessId);
        using EventPipeSession session = client.StartEventPipeSession(providers, requestRundown: rundown, circularBufferMB: 64);
        using FileStream output = File.Create(file);

        // Stop returns only when somebody has read all there is.
        Task copying = session.EventStream.CopyToAsync(output);
        try
        {
            program();
        }
        finally
        {
            session.Stop();
            copying.Wait();
        }
    }

    /// <summary>The engine with everything, and the runtime's garbage collections and method names.</summary>
    public static EventPipeProvider[] Everything(long sampleBytes) =>
    [
        new("MagAlloc", EventLevel.Verbose, 0x1FFF, new Dictionary<string, string> { ["SampleBytes"] = $"{sampleBytes}", ["StatisticsMs"] = "25" }),
        new("Microsoft-Windows-DotNETRuntime", EventLevel.Informational, 0x1 | 0x8 | 0x10 | 0x20),
    ];
}
