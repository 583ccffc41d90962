using System.Runtime.Versioning;
using MagAlloc.Sharing.Platform;

namespace MagAlloc.Tests.Platform;

/// <summary>Waiting for descriptors, and being woken.</summary>
[Platform("Linux")]
[SupportedOSPlatform("linux")]
public sealed class PollSetTests
{
    [Test]
    public void Each_place_says_what_has_happened_to_it()
    {
        FileDescriptor[] bells = [.. Enumerable.Range(0, 20).Select(_ => Doorbell.Create()!)];
        PollSet set = new();
        int[] places = [.. bells.Select(bell => set.Add(bell, forReading: true))];
        Assert.That(set.Count, Is.EqualTo(20));
        Assert.That(set.Wait(0), Is.False);

        Doorbell.Ring(bells[13]);
        Assert.That(set.Wait(10_000), Is.True);
        Assert.That(places.Select(place => set[place] != 0), Is.EqualTo(Enumerable.Range(0, 20).Select(i => i == 13)));

        set.Clear();
        Assert.That(set.Add(bells[13], forReading: false), Is.Zero);
        Assert.That(set.Wait(0), Is.False, "what nobody wants to read is not told");
        Array.ForEach(bells, bell => bell.Dispose());
    }

    [Test]
    public void A_bell_that_was_rung_often_is_silenced_once()
    {
        using FileDescriptor bell = Doorbell.Create()!;
        PollSet set = new();
        set.Add(bell, forReading: true);
        for (int i = 0; i < 100; i++)
        {
            Doorbell.Ring(bell);
        }

        Assert.That(set.Wait(0), Is.True);
        Doorbell.Silence(bell);
        Assert.That(set.Wait(0), Is.False);
        Doorbell.Silence(bell);
        Assert.That(set.Wait(0), Is.False, "silencing a silent one does not wait");
    }

    /// <summary>It may be what the wait is for, closed between the decision to wait and the wait.</summary>
    [Test]
    public void A_descriptor_that_was_closed_is_not_waited_for()
    {
        using FileDescriptor bell = Doorbell.Create()!;
        FileDescriptor closed = Doorbell.Create()!;
        closed.Dispose();
        PollSet set = new();
        set.Add(bell, forReading: true);
        set.Add(closed, forReading: true);
        Thread waiter = new(() => set.Wait(-1)) { IsBackground = true };
        waiter.Start();
        Assert.That(waiter.Join(10_000), Is.True);
    }

    [Test]
    public void A_bell_wakes_who_waits()
    {
        using FileDescriptor bell = Doorbell.Create()!;
        PollSet set = new();
        set.Add(bell, forReading: true);
        bool woken = false;
        Thread waiter = new(() => woken = set.Wait(10_000));
        waiter.Start();
        Doorbell.Ring(bell);
        Assert.That(waiter.Join(10_000), Is.True);
        Assert.That(woken, Is.True);
    }

    [Test]
    public void What_was_closed_meanwhile_is_passed_over()
    {
        using FileDescriptor bell = Doorbell.Create()!;
        FileDescriptor closed = Doorbell.Create()!;
        PollSet set = new();
        int first = set.Add(closed, forReading: true);
        int second = set.Add(bell, forReading: true);
        Doorbell.Ring(closed);
        Doorbell.Ring(bell);
        closed.Dispose();
        Assert.That(set.Wait(0), Is.True);
        Assert.That((set[first], set[second] & PollSet.Readable), Is.EqualTo(((short)0, (int)PollSet.Readable)));
    }

    /// <summary>The number of a descriptor that is closed in the middle of a wait could be another file's at once.</summary>
    [Test]
    public void What_is_waited_for_is_not_closed_under_the_wait()
    {
        FileDescriptor waited = Doorbell.Create()!;
        using FileDescriptor bell = Doorbell.Create()!;
        PollSet set = new();
        set.Add(waited, forReading: true);
        set.Add(bell, forReading: true);
        using ManualResetEventSlim began = new();
        Thread waiter = new(() =>
        {
            began.Set();
            set.Wait(10_000);
        });
        waiter.Start();
        began.Wait();
        Assert.That(SpinWait.SpinUntil(() => (waiter.ThreadState & ThreadState.WaitSleepJoin) != 0 || IsInPoll(), 10_000), Is.True);
        waited.Dispose();
        Assert.That(File.Exists($"/proc/self/fd/{waited.Number}"), Is.True, "still open");
        Doorbell.Ring(bell);
        Assert.That(waiter.Join(10_000), Is.True);
        Assert.That(SpinWait.SpinUntil(() => waited.IsClosed, 10_000), Is.True);

        bool IsInPoll() => Directory.GetDirectories("/proc/self/task").Any(task => ReadOrEmpty($"{task}/wchan").Contains("poll", StringComparison.Ordinal));
    }

    [Test]
    public void The_other_ends_end_is_told_whether_it_is_wanted_or_not([Values] bool forReading)
    {
        Assert.That(MessageSocket.TryCreatePair(out FileDescriptor? here, out FileDescriptor? there), Is.True);
        using FileDescriptor socket = here!;
        PollSet set = new();
        int place = set.Add(socket, forReading);
        Assert.That(set.Wait(0), Is.False);
        there!.Dispose();
        Assert.That(set.Wait(10_000), Is.True);
        Assert.That(set[place] & PollSet.Gone, Is.Not.Zero);
    }

    [Test]
    public void A_signal_is_no_end_of_a_wait()
    {
        PollSet set = new();
        using FileDescriptor bell = Doorbell.Create()!;
        set.Add(bell, forReading: true);
        var watch = System.Diagnostics.Stopwatch.StartNew();
        SignalledThread.Run(() => Assert.That(set.Wait(100), Is.False));
        Assert.That(watch.ElapsedMilliseconds, Is.GreaterThanOrEqualTo(99));
        Task later = Task.Run(() =>
        {
            Thread.Sleep(50);
            Doorbell.Ring(bell);
        });
        SignalledThread.Run(() => Assert.That(set.Wait(-1), Is.True));
        Assert.That(later.Wait(10_000), Is.True);
    }

    private static string ReadOrEmpty(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            return string.Empty;
        }
    }
}
