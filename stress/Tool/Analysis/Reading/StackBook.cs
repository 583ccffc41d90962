using Microsoft.Diagnostics.Tracing.Etlx;

namespace MagAlloc.Tool.Analysis.Reading;

/// <summary>Sampled allocations by call stack.</summary>
internal sealed class StackBook
{
    // The same methods in the same order are one stack, whatever the addresses within them: the key is the frames' names.
    private readonly Dictionary<string, Entry> _byNames = [];

    // Names cost a walk over the frames; a trace has few stacks and many events.
    private readonly Dictionary<CallStackIndex, Entry> _byIndex = [];

    public IReadOnlyList<AllocationStack> HeaviestFirst =>
    [
        .. _byNames.Values
            .Select(entry => new AllocationStack(entry.Frames, entry.Samples, entry.Bytes))
            .OrderByDescending(stack => stack.Bytes)
            .ThenBy(stack => stack.Site, StringComparer.Ordinal),
    ];

    public static IEnumerable<string> FramesOf(TraceCallStack? stack)
    {
        for (TraceCallStack? frame = stack; frame is not null; frame = frame.Caller)
            yield return StackFrames.Short(frame.CodeAddress.FullMethodName, frame.CodeAddress.ModuleName);
    }

    public void Add(CallStackIndex index, TraceCallStack? stack, long bytes)
    {
        if (!_byIndex.TryGetValue(index, out Entry? entry))
            _byIndex.Add(index, entry = EntryOf(StackFrames.FromPublicMethod([.. FramesOf(stack)])));
        entry.Samples++;
        entry.Bytes += bytes;
    }

    private Entry EntryOf(IReadOnlyList<string> frames)
    {
        string key = string.Join('\n', frames);
        if (!_byNames.TryGetValue(key, out Entry? entry))
            _byNames.Add(key, entry = new Entry(frames));
        return entry;
    }

    private sealed class Entry(IReadOnlyList<string> frames)
    {
        public IReadOnlyList<string> Frames { get; } = frames;

        public long Samples { get; set; }

        public long Bytes { get; set; }
    }
}
