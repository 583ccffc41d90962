using System.Runtime.Versioning;
using MagAlloc.Sharing.Platform;
using MagAlloc.Tests.Platform;
using MagAlloc.Tests.Sharing.Support;

namespace MagAlloc.Tests.Sharing;

/// <summary>Where importers connect: paths that come and go, and what else may be there.</summary>
[Platform("Linux")]
[SupportedOSPlatform("linux")]
public sealed class ListenerTests
{
    private string _folder = null!;

    private string Address => Path.Combine(_folder, "socket");

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("magalloc-").FullName;

    [TearDown]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void APath_IsThereWhileItListens()
    {
        OpenFiles before = OpenFiles.Count();
        using (BufferListener listener = new(Address))
        {
            Assert.That((File.Exists(Address), File.Exists($"{Address}.lock"), listener.Address), Is.EqualTo((true, true, Address)));
            listener.Dispose();
            listener.Dispose();
        }

        Assert.That(Directory.GetFiles(_folder), Is.Empty);
        before.AssertNothingMore();
    }

    [Test]
    public void WhereTheFolderIsGone_ItEndsAllTheSame()
    {
        OpenFiles before = OpenFiles.Count();
        string folder = Directory.CreateDirectory(Path.Combine(_folder, "gone")).FullName;
        using BufferQueue queue = new();
        BufferListener listener = new(Path.Combine(folder, "socket"));
        Task<BufferPeer?> waiting = Task.Run(() => queue.Accept(listener, Timeout.InfiniteTimeSpan));
        Thread.Sleep(20);
        Directory.Delete(folder, recursive: true);
        Assert.DoesNotThrow(listener.Dispose);
        Assert.That(() => waiting.GetAwaiter().GetResult(), Throws.TypeOf<ObjectDisposedException>(), "who waits is woken");
        queue.Dispose();
        before.AssertNothingMore();
    }

    [TestCase("socket")]
    [TestCase("a-path-as-long-as-sockets-may-have")]
    public void ASocketThatNobodyListensAtAnyMore_IsReplaced(string name)
    {
        string address = Path.Combine(_folder, name).PadRight(name == "socket" ? 0 : 107, 'x');
        using (var left = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Seqpacket, 0))
        {
            left.Bind(new LeftOverEndPoint(address));
        }

        Assert.That(File.Exists(address), Is.True, "as a process that was killed leaves it");
        using BufferListener listener = new(address);
        using BufferQueue queue = new();
        Task<BufferImporter> connecting = Task.Run(() => BufferImporter.Connect(address));
        Assert.That(queue.Accept(listener, Shared.Soon), Is.Not.Null);
        connecting.GetAwaiter().GetResult().Dispose();
    }

    [Test]
    public void WhereSomebodyListens_NobodyElseDoes()
    {
        using BufferListener listener = new(Address);
        OpenFiles before = OpenFiles.Count();
        BufferException refused = Assert.Throws<BufferException>(() => new BufferListener(Address).Dispose())!;
        Assert.That(refused.Error, Is.EqualTo(BufferError.AddressInUse));
        Assert.That(refused.Message, Does.StartWith(Address).And.Contain("another process").And.Contain("listens here").And.Contain($"{Address}.lock"));
        Assert.That(File.Exists(Address), Is.True, "the other one's socket is left alone");
        before.AssertNothingMore();

        using BufferQueue queue = new();
        Assert.That(queue.Accept(listener, TimeSpan.Zero), Is.Null, "nobody has connected to find out");
        Task<BufferImporter> connecting = Task.Run(() => BufferImporter.Connect(Address));
        Assert.That(queue.Accept(listener, Shared.Soon), Is.Not.Null);
        connecting.GetAwaiter().GetResult().Dispose();
    }

    [Test]
    public void AFileThatIsNoSocket_IsNotTouched()
    {
        File.WriteAllText(Address, "somebody's work");
        BufferException refused = Assert.Throws<BufferException>(() => new BufferListener(Address).Dispose())!;
        Assert.That(refused.Error, Is.EqualTo(BufferError.AddressInUse));
        Assert.That(refused.Message, Does.Contain(Address).And.Contain("no socket"));
        Assert.That(Directory.GetFiles(_folder), Has.Length.EqualTo(1), "nor is anything left");
        Assert.That(File.ReadAllText(Address), Is.EqualTo("somebody's work"));
    }

    /// <summary>A lock's file is deleted at the end: what has something in it, or is no file, was never one.</summary>
    [TestCase(false)]
    [TestCase(true)]
    public void AtTheLocksPath_WhatIsNoLock_IsLeftAlone(bool isPipe)
    {
        string path = $"{Address}.lock";
        if (isPipe)
        {
            using var made = System.Diagnostics.Process.Start("mkfifo", path);
            made.WaitForExit();
        }
        else
        {
            File.WriteAllText(path, "somebody's work");
        }

        BufferException refused = Assert.Throws<BufferException>(() => new BufferListener(Address).Dispose())!;
        Assert.That((refused.Error, File.Exists(path), File.Exists(Address)), Is.EqualTo((BufferError.AddressInUse, true, false)));
        Assert.That(refused.Message, Does.Contain(path).And.Contain("no lock"));
    }

    /// <summary>Behind a link, <c>..</c> is the folder above the one that it leads to.</summary>
    [Test]
    public void APathThroughALink_IsTheKernels()
    {
        string inner = Directory.CreateDirectory(Path.Combine(_folder, "real", "inner")).FullName;
        string other = Directory.CreateDirectory(Path.Combine(_folder, "other")).FullName;
        Directory.CreateSymbolicLink(Path.Combine(other, "link"), inner);
        string address = Path.Combine(other, "link", "..", "y");
        for (int i = 0; i < 2; i++)
        {
            using BufferListener listener = new(address);
            Assert.That(Directory.GetFiles(Path.Combine(_folder, "real")).Select(Path.GetFileName), Is.EquivalentTo(new[] { "y", "y.lock" }));
        }

        Assert.That(Directory.GetFiles(_folder, "*", SearchOption.AllDirectories), Is.Empty);
    }

    [Test]
    public void ThoseWhoSayNothing_ShutNobodyOut()
    {
        using BufferListener listener = new(Address);
        using BufferQueue queue = new();
        List<FileDescriptor> silent = [];
        for (int i = 0; i < 20; i++)
        {
            silent.Add(RawImporter.Dial(Address));
        }

        Task<BufferImporter> connecting = Task.Run(() => BufferImporter.Connect(Address));
        Assert.That(queue.Accept(listener, TimeSpan.FromSeconds(30)), Is.Not.Null);
        connecting.GetAwaiter().GetResult().Dispose();
        silent.ForEach(one => one.Dispose());
    }

    /// <summary>They wait from one call to the next, but no more than 64 of them.</summary>
    [Test]
    public void OfManyWhoSayNothing_TheOldestGo()
    {
        using BufferListener listener = new(Address);
        using BufferQueue queue = new();
        List<FileDescriptor> silent = [];
        for (int i = 0; i < 80; i++)
        {
            silent.Add(RawImporter.Dial(Address));
            Assert.That(i % 40 != 39 || queue.Accept(listener, TimeSpan.Zero) is null, Is.True);
        }

        Assert.That(IsClosed(silent[0]), Is.True);
        listener.Dispose();
        Assert.That(silent.Select(IsClosed), Is.All.True, "and all at the end");
        silent.ForEach(one => one.Dispose());

        static bool IsClosed(FileDescriptor socket)
        {
            PollSet set = new();
            set.Add(socket, forReading: true);
            return set.Wait(0);
        }
    }

    [Test]
    public void WhereNothingCanBeWritten_NobodyListens()
    {
        BufferException refused = Assert.Throws<BufferException>(() => new BufferListener(Path.Combine(_folder, "no", "such", "folder")).Dispose())!;
        Assert.That((int)refused.Error, Is.EqualTo(2), "ENOENT");
    }

    [Test]
    public void NobodyComes_AndTheTimePasses()
    {
        using BufferListener listener = new(Address);
        using BufferQueue queue = new();
        Assert.That(queue.Accept(listener, TimeSpan.Zero), Is.Null);
        Assert.That(queue.Accept(listener, TimeSpan.FromMilliseconds(20)), Is.Null);
        listener.Dispose();
        Assert.That(() => queue.Accept(listener, TimeSpan.Zero), Throws.TypeOf<ObjectDisposedException>());
    }

    [Test]
    public void WhenItEnds_ImportersStayConnected()
    {
        using BufferListener listener = new(Address);
        using BufferQueue queue = new();
        Task<BufferImporter> connecting = Task.Run(() => BufferImporter.Connect(Address));
        BufferPeer peer = queue.Accept(listener, Shared.Soon)!;
        using BufferImporter importer = connecting.GetAwaiter().GetResult();
        listener.Dispose();
        queue.Request(1, 1);
        queue.Export(0, peer);
        Assert.That(importer.TryImport(out _, Shared.Soon), Is.True);
    }

    [Test]
    public void OneListener_ServesSeveralQueues()
    {
        using BufferListener listener = new(Address);
        BufferQueue[] queues = [new(), new()];
        foreach (BufferQueue queue in queues)
        {
            Task<BufferImporter> connecting = Task.Run(() => BufferImporter.Connect(Address));
            queue.Request(1, 1);
            queue.Export(0, queue.Accept(listener, Shared.Soon)!);
            using BufferImporter importer = connecting.GetAwaiter().GetResult();
            Assert.That(importer.TryImport(out _, Shared.Soon), Is.True);
        }

        Array.ForEach(queues, queue => queue.Dispose());
        Assert.That(() => queues[0].Accept(listener, TimeSpan.Zero), Throws.TypeOf<ObjectDisposedException>());
    }

    [Test]
    public void AQueueThatHasEnded_AcceptsNobody_AndTheConnectionIsClosed()
    {
        using BufferListener listener = new(Address);
        BufferQueue queue = new();
        Task<BufferImporter> connecting = Task.Run(() => BufferImporter.Connect(Address));
        Assert.That(SpinWait.SpinUntil(() => connecting.Status == TaskStatus.Running, Shared.Soon), Is.True);
        queue.Dispose();
        Assert.That(
            () =>
            {
                while (true)
                {
                    queue.Accept(listener, TimeSpan.FromMilliseconds(100));
                }
            },
            Throws.TypeOf<ObjectDisposedException>());
        listener.Dispose();
        Assert.That(() => connecting.GetAwaiter().GetResult(), Throws.TypeOf<BufferException>());
    }
}
