using System.Diagnostics.Tracing;
using System.Runtime.CompilerServices;
using MagAlloc.Events;

namespace MagAlloc.Slabs;

/// <content>What is told of slabs while somebody listens.</content>
internal sealed unsafe partial class SlabSpace
{
    private void TellSlab(int chunk, int code, bool claimed)
    {
        MagAllocEventSource log = MagAllocEventSource.Log;
        if (log.IsEnabled(EventLevel.Informational, MagAllocEventSource.Keywords.Slab))
        {
            Write(log, chunk, code, claimed);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Write(MagAllocEventSource log, int chunk, int code, bool claimed)
    {
        long address = (long)_arena.AddressOf(chunk);
        long bytes = (long)Class(code).Chunks << Arena.ChunkShift;
        if (claimed)
        {
            log.SlabClaimed(_arena.Owner, code, address, bytes);
        }
        else
        {
            log.SlabRetired(_arena.Owner, code, address, bytes);
        }
    }
}
