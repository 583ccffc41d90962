using System.Runtime.Versioning;
using MagAlloc.Events;
using MagAlloc.Platform;

namespace MagAlloc.Sharing;

/// <summary>
/// What the buffers of one request will take, claimed as a whole before the first is made: the system fills files until it has to end processes, this one first, and
/// refuses nothing.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class MemoryClaim : IDisposable
{
    // To fill less is quicker than to ask whether it is there.
    private const long LargeBytes = 8 << 20;

    private readonly string _queue;
    private readonly CommitBudget _budget;
    private readonly FaultPlan? _faults;
    private long _rest;
    private long _unasked;

    /// <param name="queue">Named in the refusal.</param>
    /// <param name="budget">The process's.</param>
    /// <param name="format">Of the buffers. Pages out of the administrator's pool are not the machine's to miss.</param>
    /// <param name="count">How many.</param>
    /// <param name="faults">Plan asked before the claim, or null.</param>
    /// <exception cref="BufferException">There is not so much memory; nothing is claimed.</exception>
    public MemoryClaim(string queue, CommitBudget budget, BufferFormat format, int count, FaultPlan? faults)
    {
        _queue = queue;
        _budget = budget;
        _faults = faults;
        long bytes = format.Pages == BufferPages.ReservedHuge ? 0 : count * format.Bytes;
        if (bytes < LargeBytes)
        {
            return;
        }

        if (FileSteps.Fails(faults, FaultPoint.FileLength) || !budget.TryClaim(bytes))
        {
            throw Refused($"{count} buffers of {format.Bytes} bytes");
        }

        _rest = bytes;
    }

    /// <summary>Looks again before a buffer's memory is made: others take memory meanwhile.</summary>
    /// <exception cref="BufferException">There is not enough for what is left of the request.</exception>
    public void Renew()
    {
        if (_unasked < LargeBytes || _rest == 0)
        {
            return;
        }

        _unasked = 0;
        if (FileSteps.Fails(_faults, FaultPoint.FileLength) || !_budget.StillHolds())
        {
            throw Refused($"the {_rest} bytes that are left to be made");
        }
    }

    /// <summary>A buffer is made, with its memory.</summary>
    public void Made(long bytes)
    {
        if (_rest != 0)
        {
            _budget.Touched(bytes);
            _rest -= bytes;
            _unasked += bytes;
        }
    }

    /// <summary>What was not made is claimed no more.</summary>
    public void Dispose()
    {
        _budget.Drop(_rest);
        _rest = 0;
    }

    private BufferException Refused(string what)
        => new(BufferError.OutOfMemory, Refusal.Last == RefusalKind.Injected
            ? $"{_queue}: a fault plan refused memory for {what}."
            : $"{_queue}: no memory for {what}: {_budget.Describe()}. Ask for fewer or smaller ones.");
}
