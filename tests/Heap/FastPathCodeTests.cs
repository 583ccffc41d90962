using System.Diagnostics;
using System.Text.RegularExpressions;
using NUnit.Framework;

namespace MagAlloc.Tests.Heap;

/// <summary>Reads the machine code that the JIT makes of the fast path in a process of its own.</summary>
[TestFixture]
internal sealed partial class FastPathCodeTests
{
    [TestCase("MagAlloc.NativeHeap:Allocate(nuint)")]
    [TestCase("MagAlloc.NativeHeap:Free(ptr)")]
    public void TheFastPath_HasNoLockedInstruction(string method)
    {
        string[] listings = s_listings.Value;
        string code = listings.LastOrDefault(listing => listing.StartsWith(method, StringComparison.Ordinal)) ?? string.Empty;

        Assert.That(code, Does.Contain("; optimized code"), $"{method} is not among the {listings.Length} methods that the JIT listed");
        Assert.That(code, Does.Contain("Slow("), "the premise: the slow path is called, not inlined");
        Assert.That(LockedInstruction().Matches(code), Is.Empty, code);
    }

    private static readonly Lazy<string[]> s_listings = new(List);

    private static string[] List()
    {
        string listing = Path.Combine(TestContext.CurrentContext.WorkDirectory, $"fast-path-{Environment.ProcessId}.asm");
        var start = new ProcessStartInfo(Environment.ProcessPath!)
        {
            ArgumentList =
            {
                "exec", Path.Combine(AppContext.BaseDirectory, "stress.dll"),
                "replay", Path.Combine(AppContext.BaseDirectory, "traces", "redis.trace.gz"), "--runs", "1",
            },
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

        // Without tiers every method is optimised at its first call, whatever the machine is doing meanwhile, and without a
        // profile none this size is inlined into its caller.
        start.Environment["DOTNET_TieredCompilation"] = "0";
        start.Environment["DOTNET_JitDisasm"] = "Allocate Free";
        start.Environment["DOTNET_JitStdOutFile"] = listing;
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        try
        {
            Assert.That(process.ExitCode, Is.Zero, errors.Result);
            return File.ReadAllText(listing).Split("; Assembly listing for method ");
        }
        finally
        {
            File.Delete(listing);
        }
    }

    [GeneratedRegex(@"\block\b|\bxchg\b.*\[|\bcmpxchg\b|\bxadd\b|\b(ldax|stlx|casa|ldadda)\w*\b|\bdmb\b", RegexOptions.IgnoreCase)]
    private static partial Regex LockedInstruction();
}
