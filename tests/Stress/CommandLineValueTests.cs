using MagAlloc.Stress.Commands;
using MagAlloc.Tooling.Commands;

namespace MagAlloc.Tests.Stress;

public sealed class CommandLineValueTests
{
    [TestCase("0", 0)]
    [TestCase("4096", 4096)]
    [TestCase("64MiB", 64L << 20)]
    [TestCase("64mib", 64L << 20)]
    [TestCase("2 GiB", 2L << 30)]
    [TestCase("1k", 1024)]
    [TestCase("5kB", 5000)]
    [TestCase("3MB", 3_000_000)]
    [TestCase("17B", 17)]
    [TestCase("-1", -1)]
    public void ByteSize_KnowsUnits(string text, long bytes)
    {
        Assert.That(ByteSize.TryParse(text, out long value), Is.True);
        Assert.That(value, Is.EqualTo(bytes));
    }

    [TestCase("")]
    [TestCase("MiB")]
    [TestCase("many")]
    [TestCase("1.5GiB")]
    [TestCase("64XiB")]
    [TestCase("99999999TiB")]
    [TestCase("0x10")]
    public void ByteSize_RefusesNonsense(string text) => Assert.That(ByteSize.TryParse(text, out _), Is.False);

    [TestCase("none", "none")]
    [TestCase("nth=500", "nth=500")]
    [TestCase("p=0.001", "p=0.001,interval=1,times=-1")]
    [TestCase("P=0.5, Interval=3, times=7, points=Commit|slabcreate", "p=0.5,interval=3,times=7,points=commit|slabcreate")]
    [TestCase("nth=2,points=reserve", "nth=2,points=reserve")]
    public void FaultSpec_IsParsed(string text, string meaning)
    {
        Assert.That(FaultSpec.TryParse(text, out FaultSpec spec, out string error), Is.True, error);
        Assert.That(spec.ToString(), Is.EqualTo(meaning));
    }

    [TestCase("")]
    [TestCase("p=0")]
    [TestCase("p=1.5")]
    [TestCase("p=NaN")]
    [TestCase("nth=0")]
    [TestCase("interval=2")]
    [TestCase("p=0.1,nth=3")]
    [TestCase("p=0.1,interval=0")]
    [TestCase("p=0.1,times=0")]
    [TestCase("p=0.1,points=3")]
    [TestCase("p=0.1,points=nowhere")]
    [TestCase("often")]
    public void FaultSpec_RefusesNonsenseAndSaysWhatIsAccepted(string text)
    {
        Assert.That(FaultSpec.TryParse(text, out _, out string error), Is.False);
        Assert.That(error, Is.Not.Empty.And.Not.Contain("\n"));
    }

    [Test]
    public void FaultSpec_MakesAPlanThatFailsTheNthStep()
    {
        Assert.That(FaultSpec.TryParse("nth=1", out FaultSpec spec, out _), Is.True);
        FaultPlan? plan = spec.CreatePlan(seed: 1);

        Assert.That(plan, Is.Not.Null);
        Assert.That(() => new NativeHeap(new NativeHeapOptions { Faults = plan }).Dispose(), Throws.Exception);
        Assert.That(plan!.Injected, Is.EqualTo(1));
    }
}
