using System.Runtime.InteropServices;
using MagAlloc.Bench.Measurement;

namespace MagAlloc.Tests.Bench.Measurement;

/// <summary>The resident set of the test process, read from the system.</summary>
[Platform("Linux")]
[NonParallelizable]
public sealed unsafe class ProcessMemoryTests
{
    private const int MappedBytes = 96 << 20;
    private const long Slack = 24 << 20;

    [Test]
    public void Peak_KeepsWhatWasGivenBack_UntilItIsReset()
    {
        long before = ProcessMemory.ResidentBytes()!.Value;
        void* block = NativeMemory.Alloc(MappedBytes);
        new Span<byte>(block, MappedBytes).Fill(1);
        NativeMemory.Free(block);

        Assert.That(ProcessMemory.PeakBytes(), Is.GreaterThan(before + MappedBytes - Slack));
        Assume.That(ProcessMemory.TryResetPeak(), "the system lets a process reset its peak");
        Assert.That(ProcessMemory.PeakBytes(), Is.LessThan(before + MappedBytes - Slack));
    }

    [Test]
    public void Sampler_SeesABurst()
    {
        using ResidentSampler sampler = new(TimeSpan.FromSeconds(1));
        void* block = NativeMemory.Alloc(MappedBytes);
        new Span<byte>(block, MappedBytes).Fill(1);
        Thread.Sleep(100);
        NativeMemory.Free(block);
        sampler.EndAfter(TimeSpan.FromMilliseconds(100));

        IReadOnlyList<ResidentPoint> points = sampler.Await();

        Assert.Multiple(() =>
        {
            Assert.That(points.Max(p => p.Bytes), Is.GreaterThan(points[^1].Bytes + MappedBytes - Slack));
            Assert.That(points.Select(p => p.Milliseconds), Is.Ordered);
            Assert.That(points, Has.Count.GreaterThan(4));
        });
    }
}
