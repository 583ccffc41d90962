using MagAlloc.Tests.Stress.Analysis;
using MagAlloc.Tool.Tracing;

namespace MagAlloc.Tests.Stress.Tracing;

/// <summary>The dashboard's books of a real session.</summary>
[NonParallelizable]
public sealed class OwnerBoardTests
{
    [Test]
    public void DisposedOwners_AreCounted_AndNotKept()
    {
        const int Gone = 30;
        string name = $"board-{Guid.NewGuid():N}";
        using TemporaryFolder folder = new();
        Recording.Make(
            folder["board.nettrace"],
            () =>
            {
                using NativeHeap stays = new(new NativeHeapOptions { Name = $"{name}-stays" });
                for (int i = 0; i < Gone; i++)
                {
                    using NativeHeap heap = new(new NativeHeapOptions { Name = name });
                    heap.Trim();
                }

                Thread.Sleep(100);
            },
            Recording.Everything(0));

        OwnerBoard board = new();
        using FileStream events = File.OpenRead(folder["board.nettrace"]);
        board.Read(events);
        Assert.That(board.Snapshot().Select(owner => owner.Name), Has.None.StartsWith(name), "the last one was disposed of as well");
        Assert.That(board.Disposed, Is.GreaterThanOrEqualTo(Gone + 1));
    }
}
