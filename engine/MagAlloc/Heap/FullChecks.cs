using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;
using MagAlloc.Concurrency;
using MagAlloc.Events;
using MagAlloc.Magazines;
using MagAlloc.Platform;

namespace MagAlloc;

/// <summary>Red zones, poison, quarantine and call stacks, for debugging.</summary>
/// <remarks>
/// <para>A block is asked for with room for a red zone on either side; the caller's bytes lie between them. A freed block is
/// filled with <see cref="Poison"/> and waits in a quarantine, first in first out, of bounded bytes. It leaves through a
/// check that every byte is still poison. Blocks that come out of the core again are checked once more: each byte must
/// be poison, or 0 because its page was decommitted meanwhile.</para>
/// <para>Records are managed objects in concurrent dictionaries: this level allocates and takes locks, and is the one part of
/// the heap that is not lock-free.</para>
/// </remarks>
internal sealed unsafe class FullChecks(HeapCore core) : IBlockChecks
{
    private const byte Poison = 0xDF;
    private const byte RedZone = 0xFD;
    private const int RedZoneBytes = 16;
    private const long QuarantineBytes = 4 * 1024 * 1024;
    private const int MaxSamples = 100;

    private readonly HeapCore _core = core;
    private readonly ConcurrentDictionary<nuint, CheckedBlock> _live = new();
    private readonly ConcurrentDictionary<nuint, CheckedBlock> _quarantined = new();
    private readonly ConcurrentQueue<CheckedBlock> _quarantine = new();
    private long _quarantineBytes;
    private long _heldBytes;
    private long _heldBlocks;
    private long _heldRuns;
    private long _sequence;

    public nuint Allocate(nuint byteCount, nuint alignment, bool zeroed, bool mayFlush)
    {
        ThreadCache* cache = _core.Protect();
        try
        {
            return AllocateProtected(byteCount, alignment, zeroed, mayFlush);
        }
        finally
        {
            _core.Unprotect(cache);
        }
    }

    public bool TryKeep(nuint address, nuint byteCount)
    {
        if (!_live.TryGetValue(address, out CheckedBlock? block) || byteCount > block.Bytes)
        {
            return false;
        }

        if (!IsIntact(block))
        {
            // As a move would find it: the free tells the caller.
            Free(address);
            return false;
        }

        Fill(address + byteCount, block.Bytes - byteCount, RedZone);
        block.Bytes = byteCount;
        return true;
    }

    public void Free(nuint address)
    {
        ThreadCache* cache = _core.Protect();
        try
        {
            if (!_live.TryRemove(address, out CheckedBlock? block))
            {
                throw Unknown(address);
            }

            Retire(block);
        }
        finally
        {
            _core.Unprotect(cache);
        }
    }

    public void Free(nuint address, nuint byteCount)
    {
        if (_live.TryGetValue(address, out CheckedBlock? block) && block.Bytes != byteCount)
        {
            throw Refuse(MisuseKind.WrongSize, block);
        }

        Free(address);
    }

    public nuint UsableSize(nuint address)
        => _live.TryGetValue(address, out CheckedBlock? block) ? block.Bytes : throw Unknown(address);

    /// <summary>Empties the quarantine.</summary>
    public void Trim()
    {
        while (_quarantine.TryDequeue(out CheckedBlock? block))
        {
            Release(block);
        }
    }

    public void Adjust(ref Ledger ledger)
    {
        long blocks = Atomic.Load(ref _heldBlocks);
        long bytes = Atomic.Load(ref _heldBytes);
        ledger.AllocatedBlocks -= blocks;
        ledger.CachedBlocks += blocks;
        ledger.LargeBlocks -= Atomic.Load(ref _heldRuns);
        ledger.AllocatedBytes -= bytes;
        ledger.CachedBytes += bytes;
    }

    public LeakReport? FindLeaks()
    {
        CheckedBlock[] leaked = [.. _live.Values.OrderBy(block => block.Sequence)];
        return leaked.Length == 0 ? null : new LeakReport(
            _core.Name,
            leaked.Length,
            leaked.Sum(block => (long)block.Bytes),
            [.. leaked.Take(MaxSamples).Select(block =>
                new LeakedBlock(block.Address, (long)block.Bytes, block.ThreadId, block.AllocatedAt.ToString()))]);
    }

    private static void Fill(nuint address, nuint bytes, byte value) => NativeMemory.Fill((void*)address, bytes, value);

    /// <summary>Vectorised by the runtime; a block may be larger than a span can be.</summary>
    private static bool IsFilled(nuint address, nuint bytes, byte value)
    {
        for (nuint done = 0; done < bytes;)
        {
            int part = (int)Math.Min(bytes - done, 1 << 30);
            if (new ReadOnlySpan<byte>((void*)(address + done), part).ContainsAnyExcept(value))
            {
                return false;
            }

            done += (nuint)part;
        }

        return true;
    }

    private static bool IsIntact(CheckedBlock block)
    {
        nuint end = block.Address + block.Bytes;
        return IsFilled(block.Raw, block.Address - block.Raw, RedZone) && IsFilled(end, block.Raw + block.RawBytes - end, RedZone);
    }

    private nuint AllocateProtected(nuint byteCount, nuint alignment, bool zeroed, bool mayFlush)
    {
        nuint lead = Math.Max(RedZoneBytes, alignment);
        nuint total = byteCount + lead + RedZoneBytes;
        if (total < byteCount)
        {
            Refusal.Note(RefusalKind.Reservation);
            return 0;
        }

        // Before there is a block that an exception could lose.
        var stack = new StackTrace(fNeedFileInfo: false);
        nuint raw = _core.Allocate(total, alignment, zeroed: false, mayFlush);
        if (raw == 0 && mayFlush && !_core.IsBeyond(total, alignment) && Atomic.Load(ref _quarantineBytes) > 0)
        {
            // What the quarantine holds back is memory too.
            Trim();
            raw = _core.Allocate(total, alignment, zeroed: false, mayFlush);
        }

        if (raw == 0)
        {
            return 0;
        }

        nuint rawBytes = _core.UsableSize(raw);
        // Only a disposal, which zeroes the run's header, makes a block smaller than was asked for.
        ObjectDisposedException.ThrowIf(rawBytes < total, typeof(NativeHeap));
        CheckReuse(raw, rawBytes);
        new Span<byte>((void*)raw, (int)Math.Min(lead, int.MaxValue)).Fill(RedZone);
        nuint address = raw + lead;
        Fill(address + byteCount, raw + rawBytes - address - byteCount, RedZone);
        if (zeroed)
        {
            NativeMemory.Clear((void*)address, byteCount);
        }

        _live[address] = new CheckedBlock
        {
            Address = address,
            Raw = raw,
            RawBytes = rawBytes,
            Bytes = byteCount,
            Sequence = Atomic.Increment(ref _sequence),
            ThreadId = Environment.CurrentManagedThreadId,
            AllocatedAt = stack,
        };
        return address;
    }

    private void Retire(CheckedBlock block)
    {
        bool intact = IsIntact(block);
        block.FreedAt = new StackTrace(fNeedFileInfo: false);
        Fill(block.Raw, block.RawBytes, Poison);
        Hold(block, +1);
        _quarantined[block.Address] = block;
        _quarantine.Enqueue(block);
        Atomic.Add(ref _quarantineBytes, (long)block.RawBytes);
        while (Atomic.Load(ref _quarantineBytes) > QuarantineBytes && _quarantine.TryDequeue(out CheckedBlock? oldest))
        {
            Release(oldest);
        }

        if (!intact)
        {
            // A heap that was disposed meanwhile has zeroed the zones itself.
            ObjectDisposedException.ThrowIf(_core.Engine.IsClosed, typeof(NativeHeap));

            // The block is free all the same: keeping it would only turn one defect into two.
            throw Refuse(MisuseKind.RedZone, block);
        }
    }

    private void Release(CheckedBlock block)
    {
        _quarantined.TryRemove(block.Address, out _);
        Atomic.Add(ref _quarantineBytes, -(long)block.RawBytes);
        Hold(block, -1);
        if (!IsFilled(block.Raw, block.RawBytes, Poison))
        {
            _core.Misuses.Report(ReportOn(MisuseKind.WriteAfterFree, block));
            Fill(block.Raw, block.RawBytes, Poison);
        }

        _core.Free(block.Raw);
    }

    private void Hold(CheckedBlock block, int sign)
    {
        Atomic.Add(ref _heldBytes, sign * (long)block.RawBytes);
        Atomic.Add(ref _core.IsRun(block.Raw, out _) ? ref _heldRuns : ref _heldBlocks, sign);
    }

    private void CheckReuse(nuint raw, nuint rawBytes)
    {
        for (nuint done = 0; done < rawBytes;)
        {
            int part = (int)Math.Min(rawBytes - done, 1 << 30);
            if (new ReadOnlySpan<byte>((void*)(raw + done), part).ContainsAnyExcept(Poison, (byte)0))
            {
                _core.Misuses.Report(MisuseKind.WriteAfterFree, raw);
                return;
            }

            done += (nuint)part;
        }
    }

    private HeapMisuseException Unknown(nuint address)
    {
        if (_quarantined.TryGetValue(address, out CheckedBlock? block))
        {
            return Refuse(MisuseKind.DoubleFree, block);
        }

        bool inBlock = _core.Slabs.TryLocate(address, out int chunk, out _, out int index, out _);
        if (inBlock || _core.IsInRun(address))
        {
            // A caller's pointer never is the start of a raw block. Free at that spot once: the record is gone by now.
            bool free = inBlock && (_core.Slabs.IsFree(chunk, index) || !IsPartOfLive(address));
            return _core.Misuses.Refuse(free ? MisuseKind.DoubleFree : MisuseKind.MisalignedPointer, address);
        }

        return _core.Misuses.Refuse(_core.WasReturned(address) ? MisuseKind.DoubleFree : MisuseKind.ForeignPointer, address);
    }

    private bool IsPartOfLive(nuint address)
        => _live.Values.Any(block => address - block.Raw < block.RawBytes)
            || _quarantined.Values.Any(block => address - block.Raw < block.RawBytes);

    private HeapMisuseException Refuse(MisuseKind kind, CheckedBlock block) => _core.Misuses.Refuse(ReportOn(kind, block));

    private MisuseReport ReportOn(MisuseKind kind, CheckedBlock block)
        => new(kind, block.Address, _core.Name, block.AllocatedAt.ToString(), block.FreedAt?.ToString());
}
