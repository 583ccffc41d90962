namespace MagAlloc.Bench.Gate.Verdicts;

/// <summary>How an entry fares.</summary>
internal enum Outcome
{
    Pass,

    /// <summary>A ratio that is better than its baseline by more than noise: green, but the baseline no longer guards it.</summary>
    Improved,

    /// <summary>Shown, not judged.</summary>
    Noted,

    Fail,
}
