namespace MagAlloc.Bench.Gate.Verdicts;

/// <summary>The judgement of one entry.</summary>
/// <param name="Name">The entry.</param>
/// <param name="Class">"exact", "ratio" or "report".</param>
/// <param name="Outcome">What became of it.</param>
/// <param name="Measured">Null when there is none.</param>
/// <param name="Baseline">Null when there is none.</param>
/// <param name="Limit">The value that it had to stay at or below; null when there is none.</param>
/// <param name="Unit">Of the values.</param>
/// <param name="Text">Why; of a failure also what to do. Empty when there is nothing to say.</param>
/// <param name="IsByTime">True for a failure that noise can cause: it is measured once more before it counts.</param>
internal sealed record Verdict(
    string Name,
    string Class,
    Outcome Outcome,
    double? Measured,
    double? Baseline,
    double? Limit,
    string Unit,
    string Text,
    bool IsByTime = false);
