namespace MagAlloc.Sharing;

/// <summary>Waits for threads of the queue's own.</summary>
internal static class ThreadEnd
{
    /// <summary>Waits until a thread has ended. An end is not left half done: who is interrupted meanwhile is so afterwards.</summary>
    public static void Await(Thread thread)
    {
        bool isInterrupted = false;
        while (true)
        {
            try
            {
                thread.Join();
                break;
            }
            catch (ThreadInterruptedException)
            {
                isInterrupted = true;
            }
        }

        if (isInterrupted)
        {
            Thread.CurrentThread.Interrupt();
        }
    }
}
