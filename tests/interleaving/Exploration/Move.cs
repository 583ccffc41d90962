namespace MagAlloc.Interleaving.Exploration;

/// <summary>One thing that may happen next: a thread takes its step, or one of its held stores becomes visible.</summary>
/// <param name="Thread">The thread.</param>
/// <param name="Store">Index of the held store, or -1: the thread takes its step.</param>
internal readonly record struct Move(int Thread, int Store)
{
    public static Move Run(int thread) => new(thread, -1);

    public bool IsRun => Store < 0;
}
