using System.Reflection;
using System.Runtime.Versioning;
using MagAlloc.Tests.Heap.Support;
using MagAlloc.Tests.Platform;
using MagAlloc.Tests.Sharing.Support;

namespace MagAlloc.Tests.Sharing;

/// <summary>Every public member, behind a disposal and while one happens: it works, or is refused as documented.</summary>
[Platform("Linux")]
[SupportedOSPlatform("linux")]
[NonParallelizable]
public sealed unsafe class DisposalTableTests
{
    private const int Rounds = 30;
    private const int ManyRounds = 300;

    private static IEnumerable<(string Type, string Member, Action<Stage> Call)> Table()
    {
        yield return Queue(nameof(BufferQueue.Name), queue => _ = queue.Name);
        yield return Queue(nameof(BufferQueue.Tracking), queue => _ = queue.Tracking);
        yield return Queue(nameof(BufferQueue.OpenAnother), queue => queue.OpenAnother().Dispose());
        yield return Queue(nameof(BufferQueue.Request), queue => queue.Request(1, Shared.Page));
        yield return Queue(nameof(BufferQueue.Create), queue => queue.Create(1, Shared.Page));
        yield return Queue(nameof(BufferQueue.Create), queue => queue.Create(0, 0));
        yield return Queue(nameof(BufferQueue.Remove), queue => queue.Remove(1, 1));
        yield return Queue(nameof(BufferQueue.Remove), queue => queue.Remove(0, 0));
        yield return Queue(nameof(BufferQueue.Query), queue => queue.Query(0));
        yield return Queue(nameof(BufferQueue.GetSpan), queue => _ = queue.GetSpan(1));
        yield return Queue(nameof(BufferQueue.GetReadOnlySpan), queue => _ = queue.GetReadOnlySpan(0));
        yield return Queue(nameof(BufferQueue.GetMemory), queue => queue.GetMemory(0).Pin().Dispose());
        yield return Queue(nameof(BufferQueue.Freeze), queue => queue.Freeze(2));
        yield return Queue(nameof(BufferQueue.StreamOn), queue => queue.StreamOn());
        yield return Queue(nameof(BufferQueue.StreamOff), queue => queue.StreamOff());
        yield return Queue(nameof(BufferQueue.Abort), queue => queue.Abort());
        yield return Queue(nameof(BufferQueue.Queue), queue => queue.Queue(1));
        yield return Queue(nameof(BufferQueue.TryDequeue), queue => queue.TryDequeue(out _));
        yield return Queue(nameof(BufferQueue.TryDequeue), queue => queue.TryDequeue(out _, TimeSpan.FromMilliseconds(5)));
        yield return Queue(nameof(BufferQueue.Release), queue => queue.Release());
        yield return Queue(nameof(BufferQueue.RevokeOrphans), queue => queue.RevokeOrphans());
        yield return Queue(nameof(BufferQueue.WaitForReclaim), queue => queue.WaitForReclaim(TimeSpan.FromMilliseconds(1)));
        yield return Queue(nameof(BufferQueue.GetStatistics), queue => queue.GetStatistics());
        yield return Queue(nameof(BufferQueue.ExportDmaBuf), queue => queue.ExportDmaBuf(0).Dispose());
        yield return Queue(nameof(BufferQueue.Dispose), queue => queue.Dispose());
        yield return (nameof(BufferQueue), nameof(BufferQueue.Accept), stage => stage.Shared.Queue.Accept(stage.Shared.Listener, TimeSpan.Zero));
        yield return (nameof(BufferQueue), nameof(BufferQueue.Export), stage => stage.Shared.Queue.Export(1, stage.Peer));
        yield return Peer(nameof(BufferPeer.ProcessId), peer => _ = peer.ProcessId);
        yield return Peer(nameof(BufferPeer.UserId), peer => _ = peer.UserId);
        yield return Peer(nameof(BufferPeer.AcceptsRevocable), peer => _ = peer.AcceptsRevocable);
        yield return Peer(nameof(BufferPeer.IsConnected), peer => _ = peer.IsConnected);
        yield return Peer(nameof(BufferPeer.Reason), peer => _ = peer.Reason);
        yield return Peer(nameof(BufferPeer.HeldBuffers), peer => _ = peer.HeldBuffers);
        yield return Peer(nameof(BufferPeer.HeldBytes), peer => _ = peer.HeldBytes);
        yield return Peer(nameof(BufferPeer.UnacknowledgedFrames), peer => _ = peer.UnacknowledgedFrames);
        yield return Peer(nameof(BufferPeer.Disconnect), peer => peer.Disconnect());
        yield return Peer(nameof(BufferPeer.ToString), peer => _ = peer.ToString());

        // It is this process.
        yield return Peer(nameof(BufferPeer.TryKill), peer => _ = !peer.IsConnected && peer.TryKill());
        yield return Importer(nameof(BufferImporter.Name), importer => _ = importer.Name);
        yield return Importer(nameof(BufferImporter.OwnerProcessId), importer => _ = importer.OwnerProcessId);
        yield return Importer(nameof(BufferImporter.IsConnected), importer => _ = importer.IsConnected);
        yield return Importer(nameof(BufferImporter.Imports), importer => _ = importer.Imports);
        yield return Importer(nameof(BufferImporter.TryReceive), importer => importer.TryReceive(out _));
        yield return Importer(nameof(BufferImporter.TryReceive), importer => importer.TryReceive(out _, TimeSpan.FromMilliseconds(5)));
        yield return Importer(nameof(BufferImporter.TryImport), importer => importer.TryImport(out _, TimeSpan.FromMilliseconds(1)));
        yield return Importer(nameof(BufferImporter.Dispose), importer => importer.Dispose());
        yield return (nameof(BufferImporter), nameof(BufferImporter.Acknowledge), stage => stage.Importer.Acknowledge(stage.Frame));
        yield return Import(nameof(BufferImport.Index), import => _ = import.Index);
        yield return Import(nameof(BufferImport.Length), import => _ = import.Length);
        yield return Import(nameof(BufferImport.Profile), import => _ = import.Profile);
        yield return Import(nameof(BufferImport.Access), import => _ = import.Access);
        yield return Import(nameof(BufferImport.IsRevoked), import => _ = import.IsRevoked);
        yield return Import(nameof(BufferImport.IsReleased), import => _ = import.IsReleased);
        yield return Import(nameof(BufferImport.GetSpan), import => _ = import.GetSpan());
        yield return Import(nameof(BufferImport.GetWritableSpan), import => _ = import.GetWritableSpan());
        yield return Import(nameof(BufferImport.GetMemory), import => import.GetMemory().Pin().Dispose());
        yield return Import(nameof(BufferImport.TryRead), import => import.TryRead(0, new byte[100]));
        yield return Import(nameof(BufferImport.Read), import => import.Read(0, new byte[100]));
        yield return Import(nameof(BufferImport.DangerousGetPointer), Point);
        yield return Import(nameof(BufferImport.Dispose), import => import.Dispose());
        yield return Listener(nameof(BufferListener.Address), listener => _ = listener.Address);
        yield return Listener(nameof(BufferListener.Dispose), listener => listener.Dispose());

        static (string Type, string Member, Action<Stage> Call) Queue(string member, Action<BufferQueue> call)
            => (nameof(BufferQueue), member, stage => call(stage.Shared.Queue));

        static (string Type, string Member, Action<Stage> Call) Peer(string member, Action<BufferPeer> call) => (nameof(BufferPeer), member, stage => call(stage.Peer));

        static (string Type, string Member, Action<Stage> Call) Importer(string member, Action<BufferImporter> call)
            => (nameof(BufferImporter), member, stage => call(stage.Importer));

        static (string Type, string Member, Action<Stage> Call) Import(string member, Action<BufferImport> call) => (nameof(BufferImport), member, stage => call(stage.Import));

        static (string Type, string Member, Action<Stage> Call) Listener(string member, Action<BufferListener> call)
            => (nameof(BufferListener), member, stage => call(stage.Shared.Listener));
    }

    private static void Point(BufferImport import) => _ = import.DangerousGetPointer();

    private static IEnumerable<TestCaseData> Members()
        => Table().Select((one, i) => new TestCaseData(one.Call).SetArgDisplayNames($"{i} {one.Type}.{one.Member}"));

    [Test]
    public void TheTable_HasAllPublicMembers()
    {
        foreach (Type type in new[] { typeof(BufferQueue), typeof(BufferPeer), typeof(BufferImporter), typeof(BufferImport), typeof(BufferListener) })
        {
            IEnumerable<string> members = type.GetMembers(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)
                .Where(member => member is PropertyInfo or MethodInfo { IsSpecialName: false })
                .Select(member => member.Name)
                .Distinct();
            Assert.That(Table().Where(row => row.Type == type.Name).Select(row => row.Member).Distinct(), Is.EquivalentTo(members), type.Name);
        }
    }

    [TestCaseSource(nameof(Members))]
    public void BehindADisposal_ItWorks_OrIsRefusedAsDocumented(Delegate call)
    {
        foreach (Action<Stage> disposal in Stage.Disposals)
        {
            using Stage stage = new();
            disposal(stage);
            stage.Try((Action<Stage>)call);
            stage.Try((Action<Stage>)call);
        }
    }

    [TestCaseSource(nameof(Members))]
    public void InARaceWithADisposal_ItWorks_OrIsRefusedAsDocumented(Delegate call)
    {
        int seed = Environment.TickCount;
        TestContext.Out.WriteLine($"seed {seed}");
        Random random = new(seed);
        OpenFiles before = OpenFiles.Count();
        for (int round = 0; round < Rounds; round++)
        {
            using Stage stage = new();
            int delay = random.Next(2000);
            Action<Stage> disposal = round % 2 == 0 ? Stage.Disposals[0] : Stage.Disposals[round / 2 % Stage.Disposals.Length];
            bool isOver = false;
            Crew.Run(2, lane =>
            {
                if (lane == 0)
                {
                    Thread.SpinWait(delay);
                    disposal(stage);
                    Volatile.Write(ref isOver, true);
                    return;
                }

                for (int more = 2; more > 0; more -= Volatile.Read(ref isOver) ? 1 : 0)
                {
                    stage.Try((Action<Stage>)call);
                }
            });
        }

        before.AssertNothingMore($"seed {seed}");
    }

    /// <summary>The end of the queue comes between the end of an importer and the bells that tell of it.</summary>
    [Test]
    public void ADisconnection_InARaceWithTheQueuesEnd_ThrowsNothing()
    {
        for (int round = 0; round < ManyRounds; round++)
        {
            using Shared shared = new();
            (BufferPeer peer, _) = shared.Connect();
            Crew.Run(2, lane =>
            {
                Thread.SpinWait(lane * (round % 30) * 50);
                if (lane == 0)
                {
                    peer.Disconnect();
                }
                else
                {
                    shared.Queue.Dispose();
                }
            });
        }
    }

    /// <summary>Who waits is woken by bells that are gone a moment later.</summary>
    [Test]
    public void AWaitingDequeue_InARaceWithTheQueuesEnd_IsToldThatTheStreamIsOff()
    {
        for (int round = 0; round < ManyRounds; round++)
        {
            using Shared shared = new(new BufferQueueOptions { Spin = TimeSpan.Zero });
            shared.Queue.Request(1, Shared.Page);
            shared.Queue.StreamOn();
            Crew.Run(2, lane =>
            {
                if (lane == 0)
                {
                    Exception? end = Assert.Catch(() => shared.Queue.TryDequeue(out _, Shared.Soon));
                    Assert.That(
                        end is BufferException { Error: BufferError.Invalid } || (end is ObjectDisposedException gone && gone.ObjectName == typeof(BufferQueue).FullName),
                        Is.True,
                        $"round {round}: {end}");
                }
                else
                {
                    Thread.SpinWait(round % 100 * 100);
                    shared.Queue.Dispose();
                }
            });
        }
    }

    /// <summary>Three buffers, one of them with a frame that the importer has, the last one to be frozen.</summary>
    private sealed class Stage : IDisposable
    {
        public static readonly Action<Stage>[] Disposals =
        [
            stage => stage.Shared.Queue.Dispose(), stage => stage.Importer.Dispose(), stage => stage.Import.Dispose(), stage => stage.Peer.Disconnect(),
            stage => stage.Shared.Listener.Dispose(),
        ];

        public Stage()
        {
            Shared = new Shared(new BufferQueueOptions { ImplicitStop = true, WritableExports = true });
            Shared.Queue.Request(2, Shared.Page);
            Shared.Queue.Create(1, Shared.Page, BufferProfile.Immutable);
            (Peer, Importer) = Shared.Connect();
            Import = Shared.Export(0, Peer, Importer, BufferAccess.ReadWrite);
            Shared.Queue.StreamOn();
            Shared.Queue.Queue(0);
            Assert.That(Importer.TryReceive(out BufferFrame frame, Shared.Soon), Is.True);
            Frame = frame;
        }

        public Shared Shared { get; }

        public BufferPeer Peer { get; }

        public BufferImporter Importer { get; }

        public BufferImport Import { get; }

        public BufferFrame Frame { get; }

        public void Try(Action<Stage> call)
        {
            try
            {
                call(this);
            }
            catch (BufferException)
            {
            }
            catch (ObjectDisposedException e)
            {
                Assert.That(e.ObjectName, Does.Not.Contain("SafeHandle").And.Not.Contain("FileDescriptor"), e.ToString());
            }
        }

        public void Dispose() => Shared.Dispose();
    }
}
