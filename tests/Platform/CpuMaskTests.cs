using MagAlloc.Platform;

namespace MagAlloc.Tests.Platform;

[TestFixture]
public sealed class CpuMaskTests
{
    private static readonly int[] s_edges = [0, 1, 63, 64, 65, 127, 128, 1023, 1024, 4095, 5000];

    [TestCaseSource(nameof(s_edges))]
    public void A_mask_of_one_cpu_holds_that_cpu_alone(int cpu)
    {
        CpuMask mask = CpuMask.Of(cpu);

        Assert.That(mask.Count, Is.EqualTo(1));
        Assert.That(mask.ToArray(), Is.EqualTo(new[] { cpu }));
        Assert.That(mask.Contains(cpu), Is.True);
        Assert.That(mask.Contains(cpu + 1), Is.False);
        Assert.That(mask.Contains(cpu - 1), Is.False);
    }

    [Test]
    public void Every_cpu_up_to_5000_can_be_a_member()
    {
        CpuMask mask = CpuMask.Of(5000);
        for (int cpu = 0; cpu < 5000; cpu++)
        {
            mask.Add(cpu);
        }

        Assert.That(mask.Count, Is.EqualTo(5001));
        Assert.That(mask.ToArray(), Is.EqualTo(Enumerable.Range(0, 5001)));
        Assert.That(mask.ToString(), Is.EqualTo("0-5000"));
    }

    [Test]
    public void Members_come_in_ascending_order()
    {
        CpuMask mask = CpuMask.Of(5000);
        foreach (int cpu in s_edges.Reverse())
        {
            mask.Add(cpu);
        }

        Assert.That(mask.ToArray(), Is.EqualTo(s_edges));
        Assert.That(mask.ToString(), Is.EqualTo("0-1,63-65,127-128,1023-1024,4095,5000"));
    }

    [TestCase(-1)]
    [TestCase(int.MinValue)]
    [TestCase(64)]
    [TestCase(int.MaxValue)]
    public void A_number_outside_the_mask_is_not_a_member(int cpu)
    {
        var mask = new CpuMask(1);
        mask.Words[0] = ulong.MaxValue;

        Assert.That(mask.Contains(cpu), Is.False);
    }

    [Test]
    public void An_empty_mask_says_so()
    {
        var mask = new CpuMask(2);

        Assert.That(mask.Count, Is.Zero);
        Assert.That(mask.ToArray(), Is.Empty);
        Assert.That(mask.ToString(), Is.EqualTo("none"));
    }

    [Test]
    public void Words_are_laid_out_as_the_kernel_lays_them_out()
    {
        CpuMask mask = CpuMask.Of(64 + 3);

        Assert.That(mask.Words.ToArray(), Is.EqualTo(new ulong[] { 0, 8 }));
    }
}
