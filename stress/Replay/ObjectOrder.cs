namespace MagAlloc.Stress.Replay;

/// <summary>Waiting for an object's earlier operations, for the replays with real threads.</summary>
internal static class ObjectOrder
{
    /// <summary>Returns when <paramref name="stepsDone"/> is <paramref name="steps"/>; false when the pass was given up meanwhile.</summary>
    public static bool Await(ref uint stepsDone, uint steps, ref bool abandoned)
    {
        if (Volatile.Read(ref stepsDone) == steps)
            return true;

        // Yield early and never sleep: with more threads than processors the one waited for needs this processor, and a
        // millisecond's sleep would cost more than the thousand records that could be replayed in it.
        SpinWait spinner = default;
        while (Volatile.Read(ref stepsDone) != steps)
        {
            if (Volatile.Read(ref abandoned))
                return false;
            spinner.SpinOnce(sleep1Threshold: -1);
        }

        return true;
    }
}
