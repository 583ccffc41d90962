using System.Runtime.InteropServices;
using MagAlloc.Stress.InitSweep;

namespace MagAlloc.Tests.Stress;

[NonParallelizable]
[Platform("Linux")]
public sealed unsafe class ProcessFootprintTests
{
    private const long Large = 512L << 20;

    [Test]
    public void AMappingThatStays_IsSeen_AndOneThatIsGone_IsNot()
    {
        ProcessFootprint before = ProcessFootprint.Take();
        void* mapping = NativeMemory.Alloc((nuint)Large);
        LeftOver held = ProcessFootprint.Take().Since(before);
        NativeMemory.Free(mapping);
        LeftOver released = ProcessFootprint.Take().Since(before);

        Assert.Multiple(() =>
        {
            Assert.That(held.Bytes, Is.GreaterThanOrEqualTo(Large));
            Assert.That(held.Mappings, Is.GreaterThanOrEqualTo(1));
            Assert.That(released.Bytes, Is.LessThan(Large), "the runtime may map a little meanwhile");
        });
    }

    [Test]
    public void AThreadThatStays_IsSeen()
    {
        using ManualResetEventSlim end = new();
        ProcessFootprint before = ProcessFootprint.Take();
        Thread[] threads = [.. Enumerable.Range(0, 20).Select(_ => new Thread(end.Wait))];
        Array.ForEach(threads, thread => thread.Start());
        LeftOver held = ProcessFootprint.Take().Since(before);
        end.Set();
        Array.ForEach(threads, thread => thread.Join());

        Assert.That(held.Threads, Is.GreaterThan(10));
    }

    [Test]
    public void Leftovers_CountOnlyWhatEveryRepetitionLeft() =>
        Assert.That(new LeftOver(100, 2, 1, 4).CommonWith(new LeftOver(60, 3, 0, 5)), Is.EqualTo(new LeftOver(60, 2, 0, 4)));
}
