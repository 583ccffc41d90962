namespace MagAlloc.Sharing;

/// <summary>What becomes of orphans when a new buffer would exceed a quota.</summary>
public enum OrphanPolicy
{
    /// <summary>They stay; the new buffer is refused.</summary>
    Keep,

    /// <summary>The oldest are revoked until the new one fits.</summary>
    RevokeOldest,
}
