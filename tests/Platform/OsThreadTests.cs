using MagAlloc.Platform;

namespace MagAlloc.Tests.Platform;

public sealed class OsThreadTests
{
    [Test]
    public void Threads_that_live_at_the_same_time_have_numbers_of_their_own()
    {
        uint mine = OsThread.CurrentId;
        uint others = mine;
        Thread other = new(() => others = OsThread.CurrentId);
        other.Start();
        other.Join();

        Assert.That(mine, Is.Positive);
        Assert.That(OsThread.CurrentId, Is.EqualTo(mine));
        Assert.That(others, Is.Not.EqualTo(mine));
    }

    [Test]
    [Platform("Linux")]
    public void On_Linux_it_is_the_kernels() =>
        Assert.That(Path.GetFileName(new FileInfo("/proc/thread-self").ResolveLinkTarget(returnFinalTarget: false)!.FullName), Is.EqualTo($"{OsThread.CurrentId}"));
}
