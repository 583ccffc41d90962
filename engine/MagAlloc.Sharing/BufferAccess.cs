namespace MagAlloc.Sharing;

/// <summary>What an importer may do with a buffer.</summary>
public enum BufferAccess
{
    /// <summary>Map it for reading. Between processes of one user a guard against mistakes, between users a boundary.</summary>
    ReadOnly,

    /// <summary>Map it for writing as well.</summary>
    ReadWrite,
}
