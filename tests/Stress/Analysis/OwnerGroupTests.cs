using MagAlloc.Tool.Analysis;

namespace MagAlloc.Tests.Stress.Analysis;

public sealed class OwnerGroupTests
{
    [Test]
    public void HeapsThatFollowEachOther_AreNotAddedUp()
    {
        // Ten heaps within one span of the grid, each gone before the next comes; and one that lives beside them all the time.
        List<OwnerHistory> owners = [Owner(100, 0, null, 7)];
        for (int i = 0; i < 10; i++)
            owners.Add(Owner(i + 1, 0.101 + (i * 0.004), 0.103 + (i * 0.004), 50));
        OwnerGroup group = OwnerGroup.Of(new TraceModel { File = "x", Owners = owners }).Single();

        double[] levels = group.Levels(new TimeGrid(0.5), sample => sample.AllocatedBytes);

        Assert.That(levels.Max(), Is.EqualTo(57));
        Assert.That(levels[^1], Is.EqualTo(7));
        Assert.That(levels[0], Is.EqualTo(7));
        Assert.That(group.Title, Is.EqualTo("heap 'same' (11 of them)"));
    }

    private static OwnerHistory Owner(long id, double begin, double? end, long bytes)
    {
        OwnerHistory owner = new(id);
        owner.Named("same", "heap", begin, thread: 1);
        owner.Add(new OwnerSample(begin, bytes, 0, 0, bytes, bytes, 0, 0, 0, 1, 0), thread: 2);
        owner.DisposedAt = end;
        return owner;
    }
}
