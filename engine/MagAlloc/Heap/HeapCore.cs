using System.Runtime.InteropServices;
using MagAlloc.Concurrency;
using MagAlloc.Events;
using MagAlloc.Magazines;
using MagAlloc.Platform;
using MagAlloc.Slabs;

namespace MagAlloc;

/// <summary>A heap without fast path and without checks: blocks of size classes, and runs for what is larger.</summary>
internal sealed unsafe class HeapCore : BlockCore<SlabSource>
{
    private const int SmallestSlab = 8;
    private const long DefaultReservedBytes = 256L << 30;

    /// <exception cref="OutOfMemoryException">A step failed; nothing is left behind.</exception>
    public HeapCore(NativeHeapOptions options)
        : base(OwnerKind.Heap, options, DefaultReservedBytes, Classes(), options.Checks == CheckLevel.Basic, initializer: null, slabs => new SlabSource(slabs))
    {
        try
        {
            Runs = new RunSpace(Arena);
        }
        catch
        {
            Close();
            throw;
        }
    }

    public RunSpace Runs { get; }

    /// <summary>Allocates; when there is no memory, brings home what caches hold and tries once more.</summary>
    /// <param name="byteCount">Size in bytes.</param>
    /// <param name="alignment">A power of two.</param>
    /// <param name="zeroed">Every byte is 0.</param>
    /// <param name="mayFlush">False: the caller can do without, and nothing is disturbed, nor told, for a refusal.</param>
    /// <returns>0 when there is no memory.</returns>
    /// <exception cref="ObjectDisposedException">The heap is disposed.</exception>
    public nuint Allocate(nuint byteCount, nuint alignment, bool zeroed, bool mayFlush = true)
    {
        byteCount = Math.Max(byteCount, 1);
        if (!mayFlush)
        {
            return AllocateOnce(byteCount, alignment, zeroed);
        }

        if (IsBeyond(byteCount, alignment))
        {
            // Nothing that could be freed would make it fit; so nothing is disturbed for it.
            ObjectDisposedException.ThrowIf(Engine.IsClosed, typeof(NativeHeap));
            Refusal.Note(byteCount <= Arena.Bytes && (ulong)byteCount > (ulong)Committed.Limit ? RefusalKind.ByteLimit : RefusalKind.Reservation);
            Engine.TellOutOfMemory((long)Math.Min(byteCount, long.MaxValue));
            return 0;
        }

        nuint block = AllocateOnce(byteCount, alignment, zeroed);
        if (block != 0)
        {
            return block;
        }

        Flush();
        var look = new SecondLook(Committed.Transit);
        do
        {
            look.Begin();
            block = AllocateOnce(byteCount, alignment, zeroed);
        }
        while (block == 0 && look.IsWorthwhile());

        if (block == 0)
        {
            Engine.TellOutOfMemory((long)byteCount);
        }

        return block;
    }

    /// <summary>Whether no block of the reservation, or none under the limit, can meet a request, whatever is free.</summary>
    public bool IsBeyond(nuint byteCount, nuint alignment)
        => byteCount > Arena.Bytes || (ulong)byteCount > (ulong)Committed.Limit || alignment > Arena.BaseAlignment;

    /// <summary>
    /// Changes the size that a block serves where it lies, for a caller who could not get another block: a run is cut, or grows into what
    /// lies behind it; a block of a class stays what it is, if it is large enough. So shrinking never fails.
    /// </summary>
    /// <param name="address">An allocated block that the caller owns.</param>
    /// <param name="byteCount">The new size in bytes.</param>
    /// <returns>False when the block cannot serve the size.</returns>
    public bool TryKeep(nuint address, nuint byteCount)
    {
        byteCount = Math.Max(byteCount, 1);
        if (IsRun(address, out int chunk))
        {
            return Runs.TryResize(chunk, byteCount);
        }

        if (!Slabs.TryLocate(address, out chunk, out int code, out _, out _) || byteCount > (nuint)Slabs.Class(code).BlockBytes)
        {
            return false;
        }

        Slabs.NoteShrunk(chunk);
        return true;
    }

    /// <summary>The class that serves a size at an alignment, or 0: a run does.</summary>
    public static int CodeFor(nuint byteCount, nuint alignment)
    {
        if (byteCount - 1 >= SizeClasses.LargestBlock || alignment > 1 << Arena.ChunkShift)
        {
            return 0;
        }

        return alignment <= SizeClasses.Granule
            ? SizeClasses.CodeOf(byteCount - 1)
            : SizeClasses.CodeOfAligned(byteCount, alignment);
    }

    /// <summary>Frees whatever begins at an address.</summary>
    /// <exception cref="HeapMisuseException">Nothing allocated does.</exception>
    /// <exception cref="ObjectDisposedException">The heap is disposed.</exception>
    public void Free(nuint address)
    {
        ThreadCache* cache = Protect();
        try
        {
            if (!Arena.Contains(address))
            {
                throw Misuses.Refuse(MisuseKind.ForeignPointer, address);
            }

            int chunk = Arena.ChunkOf(address);
            byte code = Atomic.Load(ref Arena.PageMap[chunk]);
            if (code - 1u < SizeClasses.Count)
            {
                FreeBlock(cache, code, address);
            }
            else if (code == PageMap.RunHead && address == (nuint)Arena.AddressOf(chunk) && Runs.TryFree(chunk))
            {
                Engine.ArmWorker();
            }
            else
            {
                throw RefuseOrDisposed(code, address);
            }
        }
        finally
        {
            Unprotect(cache);
        }
    }

    /// <summary>What is wrong with an address at which no block begins.</summary>
    public Exception RefuseOrDisposed(byte code, nuint address)
    {
        if (Engine.IsClosed)
        {
            return new ObjectDisposedException(Name);
        }

        MisuseKind kind = code switch
        {
            PageMap.Nothing => MisuseKind.ForeignPointer,
            PageMap.Returned => MisuseKind.DoubleFree,
            PageMap.RunHead when (address & ((1 << Arena.ChunkShift) - 1)) == 0 => MisuseKind.DoubleFree,
            _ => MisuseKind.MisalignedPointer,
        };
        return Misuses.Refuse(kind, address);
    }

    /// <summary>Usable bytes of the block that begins at an address.</summary>
    /// <exception cref="HeapMisuseException">None does.</exception>
    public nuint UsableSize(nuint address)
    {
        if (Slabs.TryLocate(address, out _, out int code, out _, out nuint offset) && offset == 0)
        {
            return (nuint)Slabs.Class(code).BlockBytes;
        }

        byte mapped = Arena.Contains(address) ? Atomic.Load(ref Arena.PageMap[Arena.ChunkOf(address)]) : PageMap.Nothing;
        if (mapped == PageMap.RunHead && address == (nuint)Arena.AddressOf(Arena.ChunkOf(address)))
        {
            return Runs.UsableSizeOf(Arena.ChunkOf(address));
        }

        throw RefuseOrDisposed(mapped, address);
    }

    /// <summary>Whether a run in use begins at an address.</summary>
    public bool IsRun(nuint address, out int chunk)
    {
        chunk = Arena.Contains(address) ? Arena.ChunkOf(address) : 0;
        return Arena.Contains(address) && address == (nuint)Arena.AddressOf(chunk)
            && Atomic.Load(ref Arena.PageMap[chunk]) == PageMap.RunHead;
    }

    /// <summary>Whether an address lies in a run in use.</summary>
    public bool IsInRun(nuint address)
        => Arena.Contains(address) && Atomic.Load(ref Arena.PageMap[Arena.ChunkOf(address)]) is PageMap.RunHead or PageMap.RunTail;

    /// <summary>What the heap's checks hold back, and what they add to blocks, counts otherwise; null without checks.</summary>
    public IBlockChecks? Checks { get; set; }

    public override Ledger Read()
    {
        Ledger ledger = base.Read();
        ledger.AllocatedBytes += Runs.Bytes;
        ledger.LargeBlocks = Runs.Blocks;
        Checks?.Adjust(ref ledger);
        return ledger;
    }

    private static SlabClass[] Classes()
    {
        var classes = new SlabClass[SizeClasses.Count];
        for (int i = 0; i < classes.Length; i++)
        {
            classes[i] = new SlabClass(SizeClasses.SizeOf(i + 1), SmallestSlab);
        }

        return classes;
    }

    private nuint AllocateOnce(nuint byteCount, nuint alignment, bool zeroed)
    {
        int code = CodeFor(byteCount, alignment);
        ThreadCache* cache = Protect();
        try
        {
            if (code == 0)
            {
                nuint run = Runs.Allocate(byteCount, alignment, zeroed);
                if (run != 0)
                {
                    Engine.SamplePast(cache, code, (long)Runs.UsableSizeOf(Arena.ChunkOf(run)), run);
                }

                return run;
            }

            nuint block = AllocateBlock(cache, code);
            if (block != 0 && zeroed)
            {
                NativeMemory.Clear((void*)block, byteCount);
            }

            return block;
        }
        finally
        {
            Unprotect(cache);
        }
    }
}
