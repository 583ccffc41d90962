using MagAlloc.Bench.Measurement;

namespace MagAlloc.Bench.Children;

/// <summary>The work behind a child's answers.</summary>
internal interface IChildRun : IDisposable
{
    /// <summary>False when there is nothing to measure; <see cref="Begin"/> has told why.</summary>
    bool TakesPart { get; }

    /// <summary>Warms up; returns the child's first line.</summary>
    string Begin();

    /// <summary>A measured round; nanoseconds per operation.</summary>
    double Round();

    /// <summary>Ends the rounds, and warms up for timing single allocations.</summary>
    void RehearseTiming();

    /// <summary>Times single allocations.</summary>
    void TimeAllocations();

    ChildFigures Finish();
}
