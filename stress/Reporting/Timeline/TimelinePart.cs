namespace MagAlloc.Stress.Reporting.Timeline;

/// <summary>One part of a run: its heap or domain while it worked.</summary>
/// <param name="Title">Of its charts.</param>
/// <param name="IsDomain">Its live and cached bytes are addresses, not memory.</param>
/// <param name="Points">By time; complete when the sampler has been disposed.</param>
internal sealed record TimelinePart(string Title, bool IsDomain, IReadOnlyList<TimelinePoint> Points);
