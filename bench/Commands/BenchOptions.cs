using System.Globalization;
using MagAlloc.Tooling.Commands;

namespace MagAlloc.Bench.Commands;

/// <summary>Options that several commands have. Each call makes one of its own.</summary>
internal static class BenchOptions
{
    private const int MaxThreads = 1024;

    /// <summary>Numbers of threads, ascending, each once.</summary>
    public static ValueOption<int[]> Threads(string description, params int[] fallback) => new ValueOption<int[]>(
        "--threads", description, fallback, "N,N…", $"whole numbers from 1 to {MaxThreads}, separated by commas")
        .ParsedBy((string text, out int[] value) =>
        {
            List<int> counts = [];
            value = [];
            foreach (string part in text.Split(','))
            {
                if (!int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int count) || count is < 1 or > MaxThreads)
                    return false;
                counts.Add(count);
            }

            value = [.. counts.Distinct().Order()];
            return true;
        });
}
