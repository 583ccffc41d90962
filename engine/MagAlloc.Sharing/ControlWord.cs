namespace MagAlloc.Sharing;

/// <summary>What importers see of a buffer: its life's number (high 32 bits) and its state, in one word that is written at once.</summary>
/// <remarks>
/// 0 is revoked, so that a control page that was itself dropped says so of every buffer. A slot is used again with the next number, so a word that
/// an importer has of one life is never that of another: no ABA short of 2^32 lives of a slot under one import.
/// </remarks>
internal static class ControlWord
{
    public const ulong Revoked = 0;

    private const int NumberShift = 32;
    private const ulong Live = 1;
    private const ulong Orphaned = 2;

    public static ulong OfLive(uint generation) => ((ulong)generation << NumberShift) | Live;

    /// <summary>Released, and readable all the same.</summary>
    public static ulong OfOrphan(uint generation) => ((ulong)generation << NumberShift) | Orphaned;

    /// <summary>Whether a word says that the life with this number is readable.</summary>
    public static bool IsReadable(ulong word, uint generation) => (uint)word != 0 && (uint)(word >> NumberShift) == generation;

    public static bool IsOrphan(ulong word, uint generation) => word == OfOrphan(generation);
}
