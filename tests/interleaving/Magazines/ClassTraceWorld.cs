using System.Runtime.InteropServices;
using MagAlloc.Concurrency;
using MagAlloc.Interleaving.Exploration;
using MagAlloc.Magazines;

namespace MagAlloc.Interleaving.Magazines;

/// <summary>A class's exchanges: a thread that has ended left some untold; a successor takes over; others tell on whoever's behalf.</summary>
internal sealed unsafe class ClassTraceWorld : IDisposable
{
    private const uint Predecessor = 7;
    private const uint Successor = 8;
    private const int Left = 3;

    private readonly ClassTrace* _trace = (ClassTrace*)NativeMemory.AllocZeroed((nuint)sizeof(ClassTrace));
    private readonly Dictionary<uint, int> _told = new() { [Predecessor] = 0, [Successor] = 0 };
    private int _made;

    public ClassTraceWorld()
    {
        _trace->HandOver(Predecessor);
        _trace->FromDepot = Left;
        _trace->ToDepot = Left;
    }

    public void Tell()
    {
        int fromDepot = _trace->TakeFromDepot(out uint taker);
        _told[taker] += fromDepot;
        int toDepot = _trace->TakeToDepot(out uint bringer);
        _told[bringer] += toDepot;
    }

    /// <summary>What a new owner of the cache does: tells, writes its number, exchanges.</summary>
    public void TakeOver(int exchanges)
    {
        Tell();
        Must.Hold(!_trace->HasUntold);
        _trace->HandOver(Successor);
        for (int i = 0; i < exchanges; i++)
        {
            Atomic.Store(ref _trace->FromDepot, _trace->FromDepot + 1);
            Atomic.Store(ref _trace->ToDepot, _trace->ToDepot + 1);
            _made += 2;
        }
    }

    /// <summary>At rest, when the rest is told.</summary>
    /// <param name="stopped">Somebody who was telling has been stopped for good: what it took may be missing.</param>
    public void Check(bool stopped)
    {
        Tell();
        Must.Hold(_told.Count == 2);
        Must.Hold(stopped ? _told[Predecessor] <= 2 * Left : _told[Predecessor] == 2 * Left, $"{_told[Predecessor]} exchanges of {2 * Left} were told");
        Must.Hold(stopped ? _told[Successor] <= _made : _told[Successor] == _made, $"{_told[Successor]} exchanges of {_made} were told as the successor's");
    }

    public void Dispose() => NativeMemory.Free(_trace);
}
