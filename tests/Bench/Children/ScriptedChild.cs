using System.Diagnostics;
using MagAlloc.Bench.Children;

namespace MagAlloc.Tests.Bench.Children;

/// <summary>A child whose behaviour is a shell script: it can do what a real one never should.</summary>
internal static class ScriptedChild
{
    /// <summary>Answers everything as a healthy child does; each round took 5 ns per operation.</summary>
    public const string Healthy = """
        echo 'ready allocate + free'
        while read c; do case $c in
          round) echo 'done 5';; rehearse|latency) echo done;; finish) echo 'figures {"settled":true}'; exit 0;;
        esac; done
        """;

    public static ChildEntrant Entrant(string name, string script, double patienceSeconds = 10) => new(
        name,
        new ProcessStartInfo("/bin/sh") { ArgumentList = { "-c", script } },
        TimeSpan.FromSeconds(patienceSeconds),
        CancellationToken.None);
}
