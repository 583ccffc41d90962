namespace MagAlloc.Stress.Verification;

/// <summary>How much of a large block a replay writes and reads back.</summary>
internal enum VerifyMode
{
    /// <summary>Nothing: the pass only executes the records.</summary>
    None,

    /// <summary>Small blocks whole; of a larger one its first and last 64 bytes and one word of every 4 KiB page.</summary>
    Sampled,

    /// <summary>Every byte of every block.</summary>
    Full,
}
