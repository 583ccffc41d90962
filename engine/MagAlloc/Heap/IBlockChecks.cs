using MagAlloc.Events;

namespace MagAlloc;

/// <summary>What stands between a heap's callers and its core while checks are on. Any thread.</summary>
internal interface IBlockChecks
{
    /// <returns>0 when there is no memory.</returns>
    nuint Allocate(nuint byteCount, nuint alignment, bool zeroed, bool mayFlush);

    /// <inheritdoc cref="HeapCore.TryKeep"/>
    /// <exception cref="HeapMisuseException">The block was damaged.</exception>
    bool TryKeep(nuint address, nuint byteCount);

    /// <exception cref="HeapMisuseException">The address is not that of an allocated block, or the block was damaged.</exception>
    void Free(nuint address);

    /// <exception cref="HeapMisuseException">As above, or the size is not the one asked for.</exception>
    void Free(nuint address, nuint byteCount);

    /// <exception cref="HeapMisuseException">The address is not that of an allocated block.</exception>
    nuint UsableSize(nuint address);

    /// <summary>Gives up what the checks themselves hold back.</summary>
    void Trim();

    /// <summary>Corrects what the core counts as allocated but no caller holds.</summary>
    void Adjust(ref Ledger ledger);

    /// <returns>Null when nothing leaked, or leaks are not tracked.</returns>
    LeakReport? FindLeaks();
}
