using System.Globalization;

namespace MagAlloc.Stress.Commands;

/// <summary>
/// The faults of a run as the command line gives them: "none", "nth=500", or the knobs of the kernel's failslab
/// "p=0.001,interval=1,times=-1", either with "points=commit|slabcreate".
/// </summary>
internal sealed record FaultSpec
{
    public const string Syntax = "none, nth=N, or p=PROBABILITY[,interval=N][,times=N], either with ,points=POINT|POINT";

    public static readonly FaultSpec None = new();

    /// <summary>The n-th fallible step fails; 0: not this way.</summary>
    public long Nth { get; init; }

    /// <summary>The probability of a failure; 0: not this way.</summary>
    public double Probability { get; init; }

    public int Interval { get; init; } = 1;

    /// <summary>Failures at most; -1: no bound.</summary>
    public long Times { get; init; } = -1;

    /// <summary>The steps that may fail; empty: all.</summary>
    public IReadOnlyList<FaultPoint> Points { get; init; } = [];

    /// <summary>Parses a specification; on failure <paramref name="error"/> says what part is wrong and what is accepted.</summary>
    public static bool TryParse(string text, out FaultSpec spec, out string error)
    {
        spec = None;
        error = string.Empty;
        if (text.Trim().Equals("none", StringComparison.OrdinalIgnoreCase))
            return true;

        foreach (string part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            string[] pair = part.Split('=', 2, StringSplitOptions.TrimEntries);
            string value = pair.Length == 2 ? pair[1] : string.Empty;
            error = Apply(pair[0].ToLowerInvariant(), value, ref spec) ?? string.Empty;
            if (error.Length != 0)
                return false;
        }

        if (spec.Nth == 0 == (spec.Probability == 0))
            error = $"'{text}' must say either nth= or p=; accepted: {Syntax}";
        return error.Length == 0;
    }

    public FaultPlan? CreatePlan(ulong seed)
    {
        FaultPlan? plan = Nth != 0 ? FaultPlan.FailNth(Nth)
            : Probability != 0 ? FaultPlan.Random(Probability, Interval, Times, seed)
            : null;
        return Points.Count == 0 ? plan : plan?.At([.. Points]);
    }

    public override string ToString()
    {
        string points = Points.Count == 0 ? string.Empty : $",points={string.Join('|', Points).ToLowerInvariant()}";
        if (Nth != 0)
            return $"nth={Nth}{points}";
        return Probability == 0
            ? "none"
            : string.Create(CultureInfo.InvariantCulture, $"p={Probability},interval={Interval},times={Times}{points}");
    }

    private static string? Apply(string key, string value, ref FaultSpec spec)
    {
        switch (key)
        {
            case "p" when double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out double p) && p is > 0 and <= 1:
                spec = spec with { Probability = p };
                return null;
            case "p":
                return $"p='{value}': a probability above 0 and at most 1";
            case "nth" when TryWhole(value, out long nth) && nth >= 1:
                spec = spec with { Nth = nth };
                return null;
            case "nth":
                return $"nth='{value}': a whole number from 1";
            case "interval" when TryWhole(value, out long interval) && interval is >= 1 and <= int.MaxValue:
                spec = spec with { Interval = (int)interval };
                return null;
            case "interval":
                return $"interval='{value}': a whole number from 1";
            case "times" when TryWhole(value, out long times) && times is -1 or >= 1:
                spec = spec with { Times = times };
                return null;
            case "times":
                return $"times='{value}': a whole number from 1, or -1 for no bound";
            case "points":
                return ApplyPoints(value, ref spec);
            default:
                return $"'{key}' is not known; accepted: {Syntax}";
        }
    }

    private static string? ApplyPoints(string value, ref FaultSpec spec)
    {
        List<FaultPoint> points = [];
        foreach (string name in value.Split('|', StringSplitOptions.TrimEntries))
        {
            // Enum.TryParse alone would accept numbers, also those that name no point.
            bool known = Enum.GetNames<FaultPoint>().Contains(name, StringComparer.OrdinalIgnoreCase);
            if (!known)
                return $"points: '{name}' is no fault point; known: {string.Join('|', Enum.GetNames<FaultPoint>()).ToLowerInvariant()}";
            points.Add(Enum.Parse<FaultPoint>(name, ignoreCase: true));
        }

        spec = spec with { Points = points };
        return null;
    }

    private static bool TryWhole(string text, out long value) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value);
}
