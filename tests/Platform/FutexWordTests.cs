using System.Runtime.Versioning;
using MagAlloc.Sharing.Platform;

namespace MagAlloc.Tests.Platform;

/// <summary>Waiting on a word of a shared file that the waiter can only read.</summary>
[Platform("Linux")]
[SupportedOSPlatform("linux")]
public sealed unsafe class FutexWordTests
{
    [Test]
    public void A_reader_is_woken_through_another_mapping()
    {
        using FileDescriptor file = MemoryFile.Create();
        using FileDescriptor reader = MemoryFile.Reopen(file);
        uint* written = (uint*)MemoryFile.Map(file, writable: true);
        uint* read = (uint*)MemoryFile.Map(reader);
        Thread waiter = new(() =>
        {
            while (Volatile.Read(ref *read) == 0)
            {
                FutexWord.Wait(read, 0, TimeSpan.FromSeconds(30));
            }
        });
        waiter.Start();
        Thread.Sleep(20);
        Volatile.Write(ref *written, 1);
        FutexWord.WakeAll(written);
        Assert.That(waiter.Join(10_000), Is.True, "it would sleep for 30 s");
        MemoryFile.Unmap((byte*)written);
        MemoryFile.Unmap((byte*)read);
    }

    [Test]
    public void Who_comes_too_late_does_not_wait()
    {
        uint word = 1;
        var watch = System.Diagnostics.Stopwatch.StartNew();
        FutexWord.Wait(&word, 0, TimeSpan.FromSeconds(30));
        Assert.That(watch.Elapsed, Is.LessThan(TimeSpan.FromSeconds(10)));
    }

    [Test]
    public void A_wait_ends_in_time()
    {
        uint word = 0;
        var watch = System.Diagnostics.Stopwatch.StartNew();
        FutexWord.Wait(&word, 0, TimeSpan.FromMilliseconds(1.5));
        Assert.That(watch.Elapsed, Is.LessThan(TimeSpan.FromSeconds(10)));
    }
}
