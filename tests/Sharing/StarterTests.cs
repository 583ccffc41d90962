using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Runtime.Versioning;
using MagAlloc.Platform;
using MagAlloc.Sharing.Platform;
using MagAlloc.Tests.Children;
using MagAlloc.Tests.Platform;
using MagAlloc.Tests.Sharing.Support;

namespace MagAlloc.Tests.Sharing;

/// <summary>A path and those who want to listen at it: one has it, whoever else starts at that moment, and whatever a former one left there.</summary>
[Platform("Linux")]
[SupportedOSPlatform("linux")]
[NonParallelizable]
public sealed class StarterTests
{
    private const int Pairs = 3000;

    private string _folder = null!;

    private string Address => Path.Combine(_folder, "socket");

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("magalloc-").FullName;

    [TearDown]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void OfTwoThreadsThatStartAtALeftOverSocket_OneListens()
    {
        OpenFiles before = OpenFiles.Count();
        BufferListener?[] got = new BufferListener?[2];
        long[] starts = new long[2];
        using Barrier barrier = new(3);
        Task[] starters = [.. Enumerable.Range(0, 2).Select(who => Task.Factory.StartNew(
            () =>
            {
                for (int pair = 0; pair < Pairs; pair++)
                {
                    barrier.SignalAndWait();
                    Starter.SpinUntil(starts[who]);
                    got[who] = TryListen();
                    barrier.SignalAndWait();
                }
            },
            TaskCreationOptions.LongRunning))];
        List<string> wrong = [];
        Random random = new(1);
        for (int pair = 0; pair < Pairs; pair++)
        {
            LeaveASocket();
            starts = Starts(random);
            barrier.SignalAndWait();
            barrier.SignalAndWait();
            int listening = got.Count(listener => listener is not null);
            if (listening != 1 || !CanConnect())
            {
                wrong.Add($"pair {pair}: {listening} believe that they listen");
            }

            Array.ForEach(got, listener => listener?.Dispose());
            if (Directory.GetFileSystemEntries(_folder) is { Length: > 0 } left)
            {
                wrong.Add($"pair {pair} has left {string.Join(", ", left.Select(Path.GetFileName))}");
                Array.ForEach(left, File.Delete);
            }
        }

        Task.WaitAll(starters);
        Assert.That(wrong, Is.Empty);
        before.AssertNothingMore();
    }

    [Test]
    public void OfTwoProcessesThatStartAtALeftOverSocket_OneListens()
    {
        using Process first = Process.Start(Starter.At(Address))!, second = Process.Start(Starter.At(Address))!;
        Process[] both = [first, second];
        List<string> wrong = [];
        Random random = new(2);
        for (int pair = 0; pair < Pairs; pair++)
        {
            LeaveASocket();
            string[] answers = Order(both, [.. Starts(random).Select(start => start.ToString(CultureInfo.InvariantCulture))]);
            if (!answers.Order().SequenceEqual(["no", "yes"]) || !CanConnect())
            {
                wrong.Add($"pair {pair}: {string.Join(", ", answers)}");
            }

            Order(both, "end", "end");
            if (Directory.GetFileSystemEntries(_folder) is { Length: > 0 } left)
            {
                wrong.Add($"pair {pair} has left {string.Join(", ", left.Select(Path.GetFileName))}");
                Array.ForEach(left, File.Delete);
            }
        }

        Array.ForEach(both, process => process.StandardInput.Close());
        Array.ForEach(both, process => Assert.That(process.WaitForExit(Shared.Soon), Is.True));
        Assert.That(wrong, Is.Empty);
    }

    /// <summary>Who gets the path while the former one goes: its socket is there for as long as it listens, whatever the other still does.</summary>
    [Test]
    public void ASuccessor_KeepsItsSocket()
    {
        const int Lives = 1000;
        int lives = 0;
        int listening = 0;
        List<string> wrong = [];
        Task[] starters = [.. Enumerable.Range(0, 2).Select(_ => Task.Factory.StartNew(
            () =>
            {
                while (Volatile.Read(ref lives) < Lives)
                {
                    using BufferListener? listener = TryListen();
                    if (listener is not null && Interlocked.Increment(ref listening) != 1)
                    {
                        lock (wrong)
                        {
                            wrong.Add($"life {lives}: two listen");
                        }
                    }

                    for (int look = 0; listener is not null && look < 3; look++)
                    {
                        if (!CanConnect())
                        {
                            lock (wrong)
                            {
                                wrong.Add($"life {lives}: {VirtualMemory.LastError}");
                            }
                        }
                    }

                    Interlocked.Add(ref lives, listener is null ? 0 : 1);
                    Interlocked.Add(ref listening, listener is null ? 0 : -1);
                }
            },
            TaskCreationOptions.LongRunning))];
        Task.WaitAll(starters);
        Assert.That(wrong, Is.Empty);
        Assert.That(Directory.GetFileSystemEntries(_folder), Is.Empty);
    }

    /// <summary>Somebody has cleared the folder under a listener: the path is another's by now.</summary>
    [Test]
    public void WhatHasTakenItsPlace_IsNotDeleted([Values] bool bySuccessor)
    {
        BufferListener former = new(Address);
        File.Delete(Address);
        if (!bySuccessor)
        {
            // Of a program that locks nothing.
            using Socket other = new(AddressFamily.Unix, SocketType.Seqpacket, 0);
            other.Bind(new LeftOverEndPoint(Address));
            other.Listen();
            former.Dispose();
            Assert.That(CanConnect(), Is.True);
            return;
        }

        File.Delete($"{Address}.lock");
        using BufferListener successor = new(Address);
        former.Dispose();
        Assert.That(CanConnect(), Is.True);
        Shared.Refused(BufferError.AddressInUse, () => new BufferListener(Address).Dispose());
    }

    [Test]
    public void AfterAKill_ThePathIsFree()
    {
        using Process killed = Process.Start(Starter.At(Address))!;
        Assert.That(Order([killed], "0"), Is.EqualTo(new[] { "yes" }));
        Shared.Refused(BufferError.AddressInUse, () => new BufferListener(Address).Dispose());
        Assert.That(CanConnect(), Is.True, "it is left alone");
        killed.Kill();
        killed.WaitForExit();
        Assert.That((File.Exists(Address), File.Exists($"{Address}.lock")), Is.EqualTo((true, true)), "what it left");
        using (BufferListener listener = new(Address))
        {
            Assert.That(CanConnect(), Is.True);
        }

        Assert.That(Directory.GetFileSystemEntries(_folder), Is.Empty);
    }

    [Test]
    public void AnAbstractName_IsHadByOne()
    {
        string name = $"@magalloc-starter-{Environment.ProcessId}";
        using BufferListener listener = new(name);
        BufferException refused = Shared.Refused(BufferError.AddressInUse, () => new BufferListener(name).Dispose());
        Assert.That(refused.Message, Does.StartWith(name).And.Contain("another process").And.Contain("listens here"));
        listener.Dispose();
        new BufferListener(name).Dispose();
    }

    [Test]
    public void ARelativePath_IsWhereItWas_WhenTheProgramGoesElsewhere()
    {
        string former = Directory.GetCurrentDirectory();
        Directory.SetCurrentDirectory(_folder);
        try
        {
            using BufferListener listener = new("socket");
            Directory.SetCurrentDirectory(former);
            Assert.That(CanConnect(), Is.True);
        }
        finally
        {
            Directory.SetCurrentDirectory(former);
        }

        Assert.That(Directory.GetFileSystemEntries(_folder), Is.Empty);
    }

    /// <summary>In a folder that others may write to, what lies at the lock's path is not followed, waited for, or taken for a lock.</summary>
    [TestCase("a link")]
    [TestCase("a pipe")]
    [TestCase("a folder")]
    public void WhatLiesInTheLocksPlace_DoesNoHarm(string what)
    {
        string target = Path.Combine(_folder, "target");
        switch (what)
        {
            case "a link":
                File.CreateSymbolicLink($"{Address}.lock", target);
                break;
            case "a pipe":
                using (Process mkfifo = Process.Start("mkfifo", $"{Address}.lock"))
                {
                    mkfifo.WaitForExit();
                }

                break;
            default:
                Directory.CreateDirectory($"{Address}.lock");
                break;
        }

        Task listening = Task.Run(() =>
        {
            try
            {
                new BufferListener(Address).Dispose();
            }
            catch (BufferException e)
            {
                Assert.That(e.Message, Does.Contain($"{Address}.lock"));
            }
        });
        Assert.That(listening.Wait(Shared.Soon), Is.True, "it waits for nothing");
        Assert.That((File.Exists(target), File.Exists(Address)), Is.EqualTo((false, false)));
    }

    /// <summary>Who waits for an importer is not disturbed by others who start, look, or come and go.</summary>
    [Test]
    public void WhileOneAccepts_OthersStart_LookAndLeave()
    {
        using BufferListener listener = new(Address);
        using BufferQueue queue = new();
        Task<BufferPeer?> accepting = Task.Run(() => queue.Accept(listener, Shared.Soon));
        for (int i = 0; i < 50; i++)
        {
            Shared.Refused(BufferError.AddressInUse, () => new BufferListener(Address).Dispose());
            Assert.That(CanConnect(), Is.True);
        }

        using BufferImporter importer = BufferImporter.Connect(Address);
        Assert.That(accepting.GetAwaiter().GetResult()!.IsConnected, Is.True);
        Assert.That((importer.IsConnected, queue.GetStatistics().Misuses), Is.EqualTo((true, 0L)));
    }

    /// <summary>Each thread has its own time.</summary>
    [Test]
    public void OfTwoThatAccept_EachWaitsForItself()
    {
        using BufferListener listener = new(Address);
        using BufferQueue queue = new();
        Task<BufferPeer?> accepting = Task.Run(() => queue.Accept(listener, Timeout.InfiniteTimeSpan));
        Task<BufferPeer?> looking = Task.Run(() => queue.Accept(listener, TimeSpan.FromMilliseconds(20)));
        Assert.That(looking.Wait(Shared.Soon), Is.True);
        using BufferImporter importer = BufferImporter.Connect(Address);
        Assert.That(looking.Result is not null || accepting.Wait(Shared.Soon), Is.True);
        listener.Dispose();
        Assert.That(() => accepting.GetAwaiter().GetResult(), looking.Result is null ? Throws.Nothing : Throws.TypeOf<ObjectDisposedException>());
    }

    private BufferListener? TryListen()
    {
        try
        {
            return new BufferListener(Address);
        }
        catch (BufferException e) when (e.Error == BufferError.AddressInUse)
        {
            return null;
        }
    }

    private bool CanConnect()
    {
        using FileDescriptor socket = MessageSocket.Create(nonBlocking: true)!;
        return MessageSocket.TryConnect(socket, Address) || VirtualMemory.LastError == LinuxError.TryAgain;
    }

    private void LeaveASocket()
    {
        using Socket left = new(AddressFamily.Unix, SocketType.Seqpacket, 0);
        left.Bind(new LeftOverEndPoint(Address));
    }

    /// <summary>When two start: soon, and one some steps behind the other.</summary>
    private static long[] Starts(Random random)
    {
        long soon = Stopwatch.GetTimestamp() + (Stopwatch.Frequency / 10_000);
        long[] starts = [soon, soon];
        starts[random.Next(2)] += random.NextInt64(Stopwatch.Frequency / 20_000);
        return starts;
    }

    private static string[] Order(Process[] processes, params string[] orders)
    {
        for (int i = 0; i < processes.Length; i++)
        {
            processes[i].StandardInput.WriteLine(orders[i]);
        }

        return [.. processes.Select(process => process.StandardOutput.ReadLine() ?? "it has ended")];
    }
}
