using System.Runtime.Versioning;
using MagAlloc.Sharing.Platform;
using MagAlloc.Tests.Platform;
using MagAlloc.Tests.Sharing.Support;

namespace MagAlloc.Tests.Sharing;

/// <summary>The process's one watcher of closes: who is told what, and what it takes of the system's.</summary>
[Platform("Linux")]
[SupportedOSPlatform("linux")]
[NonParallelizable]
public sealed class CloseWatcherTests
{
    private FileDescriptor[] _bells = null!;
    private CloseWatch[] _queues = null!;

    [SetUp]
    public void Open()
    {
        _bells = [Doorbell.Create()!, Doorbell.Create()!];
        _queues = [.. _bells.Select(bell => CloseWatcher.TryOpen("test", bell, null)!)];
        Assert.That(_queues, Has.None.Null);
    }

    [TearDown]
    public void Close()
    {
        Array.ForEach(_queues, queue => queue.Dispose());
        Array.ForEach(_bells, bell => bell.Dispose());
    }

    /// <summary>A user has 128 of them; a program's own watchers need some.</summary>
    [TestCase(3)]
    [TestCase(200)]
    public void HoweverManyQueues_OneInstanceIsTaken(int count)
    {
        Close();
        OpenFiles before = OpenFiles.Count();
        int instances = Instances();
        BufferQueue[] queues = [.. Enumerable.Range(0, count).Select(_ => new BufferQueue())];
        try
        {
            Assert.That(Instances(), Is.EqualTo(instances + 1));
            Assert.That(queues.Select(queue => queue.Tracking), Is.All.EqualTo(BufferTracking.Exact));
            AssertFoldersCanBeWatched();
        }
        finally
        {
            Array.ForEach(queues, queue => queue.Dispose());
        }

        before.AssertNothingMore("with the last queue it is closed");
    }

    [Test]
    public void AClose_IsToldToItsQueue_AndNoOther()
    {
        using FileDescriptor first = MemoryFile.Create(), second = MemoryFile.Create();
        Assert.That((_queues[0].Add(first) >= 0, _queues[1].Add(second) >= 0), Is.EqualTo((true, true)));
        for (int round = 0; round < 100; round++)
        {
            int told = round % 2;
            MemoryFile.Reopen(told == 0 ? first : second).Dispose();
            Assert.That(Rings(told), Is.True);
            Assert.That((_queues[told].TakeNews(), _queues[1 - told].TakeNews(), _queues[told].TakeNews()), Is.EqualTo((true, false, false)));
        }
    }

    [Test]
    public void WhatIsNotWatchedAnyMore_IsNotTold()
    {
        using FileDescriptor file = MemoryFile.Create(), other = MemoryFile.Create();
        _queues[0].Remove(_queues[0].Add(file));
        _queues[0].Remove(1_000_000);
        _queues[0].Add(other);
        MemoryFile.Reopen(file).Dispose();
        Assert.That(_queues[0].TakeNews(), Is.False);
        MemoryFile.Reopen(other).Dispose();
        Assert.That(Rings(0), Is.True);
    }

    /// <summary>Its files live on as their holders': nobody is told of their ends any more.</summary>
    [Test]
    public void AQueueThatGoes_TakesItsWatchesAlong_AndOthersAreToldAsBefore()
    {
        using FileDescriptor left = MemoryFile.Create(), other = MemoryFile.Create();
        int watch = _queues[0].Add(left);
        _queues[1].Add(other);
        _queues[0].Dispose();
        _queues[0].Dispose();
        Assert.That(WatchesOf(left), Is.Zero);
        Assert.That(watch, Is.Not.Negative);
        MemoryFile.Reopen(left).Dispose();
        MemoryFile.Reopen(other).Dispose();
        Assert.That(Rings(1), Is.True);
        Assert.That((_queues[0].TakeNews(), _queues[1].TakeNews()), Is.EqualTo((false, true)));
    }

    /// <summary>The kernel keeps so many events; what it could not keep may have been anybody's.</summary>
    [Test]
    public void WhenMoreHappensThanIsKept_AllAreTold()
    {
        int most = int.Parse(File.ReadAllText("/proc/sys/fs/inotify/max_queued_events"), System.Globalization.CultureInfo.InvariantCulture);
        using FileDescriptor file = MemoryFile.Create();
        CloseWatcher watcher = CloseWatcher.Current!;
        _queues[0].Add(file);
        lock (watcher.Gate)
        {
            // The reader waits for the lock with what it could read at once.
            for (int i = 0; i < most + 8192; i++)
            {
                MemoryFile.Reopen(file, writable: i % 2 == 0).Dispose();
            }
        }

        Assert.That((Rings(0), Rings(1)), Is.EqualTo((true, true)));
    }

    /// <summary>Each steps of what makes it; a queue that gets none asks at intervals.</summary>
    [TestCase(FaultPoint.FileWatch, 1)]
    [TestCase(FaultPoint.FileOpen, 1)]
    [TestCase(FaultPoint.WakeUp, 1)]
    [TestCase(FaultPoint.WorkerStart, 1)]
    public void WhereItCannotBeMade_ThereIsNone_AndNothingIsLeft(FaultPoint point, int nth)
    {
        Close();
        OpenFiles before = OpenFiles.Count();
        using (FileDescriptor bell = Doorbell.Create()!)
        {
            FaultPlan plan = FaultPlan.FailNth(nth).At(point);
            Assert.That((CloseWatcher.TryOpen("test", bell, plan), plan.Injected), Is.EqualTo(((CloseWatch?)null, 1L)));
            using CloseWatch? next = CloseWatcher.TryOpen("test", bell, plan);
            Assert.That(next, Is.Not.Null, "the next one makes it");
        }

        before.AssertNothingMore();
    }

    /// <summary>The first and the last of several that come and go at once.</summary>
    [Test]
    public void QueuesComeAndGo_OnAllThreads()
    {
        Close();
        OpenFiles before = OpenFiles.Count();
        Parallel.For(0, 4, _ =>
        {
            using FileDescriptor bell = Doorbell.Create()!, file = MemoryFile.Create();
            for (int i = 0; i < 200; i++)
            {
                using CloseWatch queue = CloseWatcher.TryOpen("test", bell, null)!;
                queue.Add(file);
                MemoryFile.Reopen(file).Dispose();
                PollSet set = new();
                set.Add(bell, forReading: true);
                Assert.That(set.Wait((int)Shared.Soon.TotalMilliseconds), Is.True);
                Doorbell.Silence(bell);
            }
        });
        before.AssertNothingMore();
    }

    private static int Instances() => Directory.GetFiles("/proc/self/fd").Count(link => new FileInfo(link).LinkTarget == "anon_inode:inotify");

    private static int WatchesOf(FileDescriptor file)
    {
        string inode = $"ino:{MemoryFile.Inode(file):x} ";
        return Directory.GetFiles("/proc/self/fd").Where(link => new FileInfo(link).LinkTarget == "anon_inode:inotify")
            .Sum(link => File.ReadLines(link.Replace("/fd/", "/fdinfo/", StringComparison.Ordinal)).Count(line => line.Contains(inode, StringComparison.Ordinal)));
    }

    private static void AssertFoldersCanBeWatched()
    {
        string folder = Directory.CreateTempSubdirectory("magalloc-").FullName;
        using (FileSystemWatcher watcher = new(folder))
        {
            using ManualResetEventSlim seen = new();
            watcher.Created += (_, _) => seen.Set();
            watcher.EnableRaisingEvents = true;
            File.WriteAllText(Path.Combine(folder, "file"), "text");
            Assert.That(seen.Wait(Shared.Soon), Is.True);
        }

        Directory.Delete(folder, recursive: true);
    }

    private bool Rings(int queue)
    {
        PollSet set = new();
        set.Add(_bells[queue], forReading: true);
        bool rings = set.Wait((int)Shared.Soon.TotalMilliseconds);
        Doorbell.Silence(_bells[queue]);
        return rings;
    }
}
