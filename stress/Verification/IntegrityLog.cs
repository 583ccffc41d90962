namespace MagAlloc.Stress.Verification;

/// <summary>
/// Collects what must never happen, from any thread: corrupted blocks and other failures. Counts all, keeps the text of the
/// first few, since one fault in an allocator shows in thousands of blocks.
/// </summary>
internal sealed class IntegrityLog
{
    private const int KeptMessages = 16;

    private readonly Lock _gate = new();
    private readonly List<string> _messages = [];
    private long _corruptions;
    private long _failures;

    public long Corruptions => Interlocked.Read(ref _corruptions);

    /// <summary>Failures of every kind, corruptions included.</summary>
    public long Failures => Interlocked.Read(ref _failures);

    public unsafe void Corrupted(string step, void* block, nuint size, long offset, ulong expected)
    {
        ulong found = OwnerPattern.WordAround((byte*)block, size, (nuint)offset);
        Interlocked.Increment(ref _corruptions);
        Failed(new Corruption(step, (nuint)block, size, offset, expected, found).ToString());
    }

    /// <summary>The same for what is no block.</summary>
    public void Corrupted(string what)
    {
        Interlocked.Increment(ref _corruptions);
        Failed(what);
    }

    public void Failed(string message)
    {
        Interlocked.Increment(ref _failures);
        lock (_gate)
        {
            if (_messages.Count < KeptMessages)
                _messages.Add(message);
        }
    }

    public IReadOnlyList<string> Messages()
    {
        lock (_gate)
        {
            long unkept = Failures - _messages.Count;
            return unkept > 0 ? [.. _messages, $"… and {unkept} more"] : [.. _messages];
        }
    }
}
