namespace MagAlloc.Tool.Analysis;

/// <summary>A call stack that allocated unmanaged memory.</summary>
/// <param name="Frames">The innermost first. What the engine did inside of its public method is left out.</param>
/// <param name="Samples">How many allocations were sampled here.</param>
/// <param name="Bytes">What they stand for.</param>
/// <param name="MostLiveBytes">What of that may still be held when the trace ends, at most; see <see cref="AllocationSite"/>.</param>
internal sealed record AllocationStack(IReadOnlyList<string> Frames, long Samples, long Bytes, long MostLiveBytes)
{
    private const int TitleFrames = 3;

    /// <summary>The site and those who called it, shortly.</summary>
    public string Title => string.Join(
        " ← ", Frames.SkipWhile(StackFrames.IsEngine).DefaultIfEmpty(Site).Take(TitleFrames).Select(StackFrames.WithoutNamespace));

    /// <summary>The first frame that is not the engine's: who asked for the memory.</summary>
    public string Site => Frames.FirstOrDefault(frame => !StackFrames.IsEngine(frame)) ?? (Frames.Count == 0 ? "(no stack)" : Frames[0]);
}
