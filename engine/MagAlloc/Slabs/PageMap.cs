namespace MagAlloc.Slabs;

/// <summary>The codes above the classes in the arena's map of one byte a chunk.</summary>
internal static class PageMap
{
    /// <summary>Never handed out.</summary>
    public const byte Nothing = 0;

    /// <summary>First chunk of a run.</summary>
    public const byte RunHead = SizeClasses.Count + 1;

    /// <summary>A chunk of a run that is not its first.</summary>
    public const byte RunTail = SizeClasses.Count + 2;

    /// <summary>Was handed out and has come back: a pointer into it is a block freed twice.</summary>
    public const byte Returned = SizeClasses.Count + 3;

    /// <summary>Codes beyond the classes.</summary>
    public const int ExtraCodes = 3;
}
