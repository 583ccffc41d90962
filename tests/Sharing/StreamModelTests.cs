using System.Runtime.Versioning;
using MagAlloc.Tests.Platform;
using MagAlloc.Tests.Sharing.Support;

namespace MagAlloc.Tests.Sharing;

/// <summary>
/// A random program of one owner and several importers, in step with a model that knows only the promises: who is to see which frame, in which order, and how each
/// buffer comes back.
/// </summary>
[Platform("Linux")]
[SupportedOSPlatform("linux")]
[NonParallelizable]
public sealed class StreamModelTests
{
    private const int Steps = 400;

    [Test]
    public void ARandomProgram_KeepsItsPromises([Range(0, 9)] int number)
    {
        int seed = unchecked((Environment.TickCount * 10) + number);
        TestContext.Out.WriteLine($"seed {seed}");
        OpenFiles before = OpenFiles.Count();
        using (Shared shared = new(new BufferQueueOptions { AcknowledgeTimeout = Timeout.InfiniteTimeSpan, MaxBuffers = 8, MaxReleased = 200, ImporterUnread = 200 }))
        {
            StreamModel model = new(shared, new Random(seed));
            try
            {
                for (int step = 0; step < Steps; step++)
                {
                    model.Step();
                }

                model.End();
            }
            catch (Exception e)
            {
                throw new AssertionException($"seed {seed}: {e.Message}{Environment.NewLine}{model.Log}", e);
            }
        }

        before.AssertNothingMore($"seed {seed}");
    }
}
