using MagAlloc.Stress.Replay;

namespace MagAlloc.Tests.Stress;

public sealed class MemoryBudgetTests
{
    private const long Mebibyte = 1 << 20;

    [TestCase(8, 12, 1, true)]
    [TestCase(8, 13, 1, false)]
    [TestCase(8, 12, 2, false)]
    [TestCase(0, 2, 0, true)]
    public void Budget_IsPeakLivePlusAQuarterPlusTwoMebibytes_AndOneMebibyteAtTheEnd(int live, int peak, int end, bool holds) =>
        Assert.That(MemoryBudget.Holds(live * Mebibyte, peak * Mebibyte, end * Mebibyte), Is.EqualTo(holds));
}
