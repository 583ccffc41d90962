using MagAlloc.Bench.Gate.Code;

namespace MagAlloc.Tests.Heap;

/// <summary>Reads the machine code that the JIT makes of the fast paths in a process of its own, as the performance gate does.</summary>
[TestFixture]
internal sealed class FastPathCodeTests
{
    private static readonly Lazy<IReadOnlyList<JitMethod>> s_listing = new(HotMethodListing.Read);

    private static readonly string[] s_methods = [.. HotMethods.All.Select(method => method.Name)];

    [TestCaseSource(nameof(s_methods))]
    public void TheFastPath_HasNoLockedInstruction(string name)
    {
        HotMethod hot = HotMethods.All.Single(method => method.Name == name);
        JitMethod? code = JitListing.Find(s_listing.Value, hot.ListedAs);

        Assert.That(code, Is.Not.Null, $"{hot.ListedAs} is not among the {s_listing.Value.Count} methods that the JIT listed");
        Assert.Multiple(() =>
        {
            Assert.That(code!.Optimized);
            Assert.That(code.Text, Does.Contain("Slow(").Or.Contain("Next("), "the premise: the slow path is called, not inlined");
            Assert.That(code.Locked, Is.Empty, code.Text);
        });
    }

    [TestCaseSource(nameof(s_methods))]
    public void TheFastPath_AsksForNoListener(string name)
    {
        HotMethod hot = HotMethods.All.Single(method => method.Name == name);
        long? displacement = ListenerTest.Displacement(s_listing.Value);

        Assert.That(displacement, Is.Not.Null.And.Positive, "the method that asks is listed, and asks once");
        Assert.That(ListenerTest.Count(JitListing.Find(s_listing.Value, hot.ListedAs)!, displacement!.Value), Is.Zero);
    }
}
