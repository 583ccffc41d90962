namespace MagAlloc.Platform;

/// <summary>
/// Why this thread's last refused step was refused: what <c>errno</c> is to system calls. Steps say "no" by a return value; whoever throws in the end, many frames
/// above, reads here what to name.
/// </summary>
internal static class Refusal
{
    [ThreadStatic]
    private static RefusalKind t_last;

    /// <summary>As noted last; a step that succeeds leaves it.</summary>
    internal static RefusalKind Last => t_last;

    internal static void Note(RefusalKind kind) => t_last = kind;
}
