using MagAlloc.Concurrency;
using MagAlloc.Events;
using MagAlloc.Magazines;
using MagAlloc.Slabs;

namespace MagAlloc;

/// <summary>One bit a block: set while a caller holds it.</summary>
/// <remarks>
/// The bit is set after the block has left the core and cleared before it goes back, each by one atomic step whose old
/// value is the check: of two concurrent frees exactly one finds it set. Runs carry their own token
/// (<see cref="RunSpace"/>). Lock-free.
/// </remarks>
internal sealed unsafe class BasicChecks(HeapCore core) : IBlockChecks
{
    private readonly HeapCore _core = core;

    public nuint Allocate(nuint byteCount, nuint alignment, bool zeroed, bool mayFlush)
    {
        ThreadCache* cache = _core.Protect();
        try
        {
            nuint block = _core.Allocate(byteCount, alignment, zeroed, mayFlush);
            if (block != 0)
            {
                Mark(block);
            }

            return block;
        }
        finally
        {
            _core.Unprotect(cache);
        }
    }

    public bool TryKeep(nuint address, nuint byteCount) => _core.TryKeep(address, byteCount);

    public void Free(nuint address) => Free(address, byteCount: 0, sized: false);

    public void Free(nuint address, nuint byteCount) => Free(address, byteCount, sized: true);

    public nuint UsableSize(nuint address)
    {
        ThreadCache* cache = _core.Protect();
        try
        {
            if (_core.Slabs.TryLocate(address, out int chunk, out int code, out int index, out nuint offset))
            {
                if (offset != 0)
                {
                    throw _core.Misuses.Refuse(MisuseKind.MisalignedPointer, address);
                }

                if ((Atomic.Load(ref _core.Arena.Marks(chunk)[index / 64]) & (1UL << (index % 64))) == 0)
                {
                    throw _core.Misuses.Refuse(MisuseKind.DoubleFree, address);
                }

                return (nuint)_core.Slabs.Class(code).BlockBytes;
            }

            return _core.UsableSize(address);
        }
        finally
        {
            _core.Unprotect(cache);
        }
    }

    public void Trim()
    {
    }

    public void Adjust(ref Ledger ledger)
    {
        // They hold nothing back.
    }

    public LeakReport? FindLeaks() => null;

    private void Mark(nuint block)
    {
        if (!_core.Slabs.TryLocate(block, out int chunk, out _, out int index, out _))
        {
            return;
        }

        ulong bit = 1UL << (index % 64);
        if ((Atomic.Or(ref _core.Arena.Marks(chunk)[index / 64], bit) & bit) != 0)
        {
            throw new InvalidOperationException($"{_core.Name}: the block at 0x{block:x} was handed out twice. This is a defect of MagAlloc.");
        }
    }

    private void Free(nuint address, nuint byteCount, bool sized)
    {
        ThreadCache* cache = _core.Protect();
        try
        {
            if (!_core.Slabs.TryLocate(address, out int chunk, out int code, out int index, out nuint offset))
            {
                if (sized)
                {
                    RequireRunSize(address, byteCount);
                }

                _core.Free(address);
                return;
            }

            if (offset != 0)
            {
                throw _core.Misuses.Refuse(MisuseKind.MisalignedPointer, address);
            }

            if (sized && !IsSizeOf(code, chunk, Math.Max(byteCount, 1)))
            {
                throw _core.Misuses.Refuse(MisuseKind.WrongSize, address);
            }

            ulong bit = 1UL << (index % 64);
            if ((Atomic.And(ref _core.Arena.Marks(chunk)[index / 64], ~bit) & bit) == 0)
            {
                throw _core.Misuses.Refuse(MisuseKind.DoubleFree, address);
            }

            _core.FreeBlock(cache, code, address);
        }
        finally
        {
            _core.Unprotect(cache);
        }
    }

    private bool IsSizeOf(int code, int chunk, nuint byteCount)
    {
        int wanted = HeapCore.CodeFor(byteCount, 1);
        return wanted == code || (wanted != 0 && wanted < code && _core.Slabs.MayBeShrunk(chunk));
    }

    private void RequireRunSize(nuint address, nuint byteCount)
    {
        if (_core.IsRun(address, out int chunk) && _core.Runs.SizeOf(chunk) != Math.Max(byteCount, 1))
        {
            ObjectDisposedException.ThrowIf(_core.Engine.IsClosed, typeof(NativeHeap));
            throw _core.Misuses.Refuse(MisuseKind.WrongSize, address);
        }
    }
}
