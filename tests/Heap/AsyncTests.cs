using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Heap;

[TestFixture]
public sealed class AsyncTests
{
    [TestCaseSource(typeof(Heaps), nameof(Heaps.AllLevels))]
    public async Task BlocksTravelWithAsyncCode_FromThreadToThread(CheckLevel checks)
    {
        using NativeHeap heap = Heaps.Quiet(checks);
        await Task.WhenAll(Enumerable.Range(0, 100).Select(async i =>
        {
            nint block = Allocate(heap, i);
            for (int hop = 0; hop < 20; hop++)
            {
                await Task.Yield();
            }

            VerifyAndFree(heap, block, i);
        })).ConfigureAwait(false);

        Books.BalanceEmpty(heap);
        Assert.That(heap.GetStatistics().Misuses, Is.Zero);
    }

    private static unsafe nint Allocate(NativeHeap heap, int i)
    {
        void* block = heap.Allocate(100);
        BlockPattern.Fill(block, 100, i, i);
        return (nint)block;
    }

    private static unsafe void VerifyAndFree(NativeHeap heap, nint block, int i)
    {
        Assert.That(BlockPattern.FirstMismatch((void*)block, 100, i, i), Is.EqualTo(-1));
        heap.Free((void*)block);
    }
}
