using Microsoft.Diagnostics.Tracing.Etlx;

namespace MagAlloc.Tool.Analysis.Reading;

/// <summary>Sampled allocations by call stack.</summary>
internal sealed class StackBook
{
    // The same methods in the same order are one stack, whatever the addresses within them: the key is the frames' names.
    private readonly Dictionary<string, Entry> _byNames = [];

    // Names cost a walk over the frames; a trace has few stacks and many events.
    private readonly Dictionary<CallStackIndex, Entry> _byIndex = [];

    // Of each owner: the last sample at an address. A block that is sampled where another one was says that the other is free.
    private readonly Dictionary<long, Dictionary<long, (Entry Entry, long Bytes)>> _held = [];

    /// <summary>The heaviest first.</summary>
    /// <param name="heldBytes">Of an owner: bytes in callers' hands when the trace ends, or null if that is not known.</param>
    public IReadOnlyList<AllocationStack> Stacks(Func<long, long?> heldBytes)
    {
        Dictionary<Entry, long> live = [];
        foreach ((long owner, Dictionary<long, (Entry Entry, long Bytes)> blocks) in _held)
        {
            foreach (IGrouping<Entry, (Entry Entry, long Bytes)> held in blocks.Values.GroupBy(block => block.Entry))
                live[held.Key] = live.GetValueOrDefault(held.Key) + Math.Min(held.Sum(block => block.Bytes), heldBytes(owner) ?? long.MaxValue);
        }

        return
        [
            .. _byNames.Values
                .Select(entry => new AllocationStack(entry.Frames, entry.Samples, entry.Bytes, live.GetValueOrDefault(entry)))
                .OrderByDescending(stack => stack.Bytes)
                .ThenBy(stack => stack.Site, StringComparer.Ordinal),
        ];
    }

    public static IEnumerable<string> FramesOf(TraceCallStack? stack)
    {
        for (TraceCallStack? frame = stack; frame is not null; frame = frame.Caller)
            yield return StackFrames.Short(frame.CodeAddress.FullMethodName, frame.CodeAddress.ModuleName);
    }

    public void Add(CallStackIndex index, TraceCallStack? stack, long owner, long address, long bytes)
    {
        if (!_byIndex.TryGetValue(index, out Entry? entry))
            _byIndex.Add(index, entry = EntryOf(StackFrames.FromPublicMethod([.. FramesOf(stack)])));
        entry.Samples++;
        entry.Bytes += bytes;
        if (!_held.TryGetValue(owner, out Dictionary<long, (Entry Entry, long Bytes)>? blocks))
            _held.Add(owner, blocks = []);
        blocks[address] = (entry, bytes);
    }

    /// <summary>All blocks of an owner are gone.</summary>
    public void OwnerEnded(long owner) => _held.Remove(owner);

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
