namespace MagAlloc.Iova.Ranges;

/// <summary>What one search of a <see cref="RangeTree"/> looks for, and what it found so far.</summary>
internal unsafe ref struct RangeRequest
{
    /// <summary>The blocks are free, aligned, and of 2^Order units.</summary>
    public int Order;

    /// <summary>The last unit that a block may have; one less than a multiple of the block's size.</summary>
    public ulong Limit;

    /// <summary>Room for the first unit + 1 of each block.</summary>
    public nuint* Into;

    /// <summary>How many blocks to find.</summary>
    public int Wanted;

    /// <summary>How many were found.</summary>
    public int Taken;

    /// <summary>Only look: what is found is not claimed.</summary>
    public bool Peek;

    /// <summary>All bits set: blocks of a word begin with the code of a marked range. Else 0.</summary>
    public ulong Marks;

    /// <summary>Claims that met somebody else and were undone: how far this search itself moved the version.</summary>
    public long GaveUp;

    /// <summary>Words and entries looked at.</summary>
    public long Steps;

    /// <summary>Sets <see cref="Order"/> and <see cref="Limit"/>.</summary>
    /// <returns>False when no block of that order lies at or below the unit.</returns>
    public bool TryAim(int order, ulong last)
    {
        ulong blocks = order < 64 ? (last + 1) >> order : 0;
        Order = order;
        Limit = (blocks << order) - 1;
        return blocks != 0;
    }
}
