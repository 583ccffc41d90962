namespace MagAlloc.Tooling.Reporting.Charts;

/// <summary>How the values of a <see cref="TimeSeries"/> are drawn.</summary>
internal enum TimeMark
{
    Line,

    /// <summary>A line with the area below it.</summary>
    Area,

    /// <summary>An area on top of those of the stacked series before it.</summary>
    Stack,

    /// <summary>Single events: a stroke from the axis to the value, with a dot on top.</summary>
    Stem,
}
