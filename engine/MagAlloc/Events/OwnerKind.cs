namespace MagAlloc.Events;

/// <summary>What an owner is, as events and instruments say it. The words are part of the format.</summary>
internal static class OwnerKind
{
    public const string Heap = "heap";
    public const string Pool = "pool";
    public const string Cache = "cache";
    public const string Domain = "domain";
    public const string Buffers = "buffers";
}
