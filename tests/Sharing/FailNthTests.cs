using System.Runtime.Versioning;
using MagAlloc.Tests.Platform;
using MagAlloc.Tests.Sharing.Support;

namespace MagAlloc.Tests.Sharing;

/// <summary>
/// Every step that can fail is made to, one at a time, the owner's here and the importer's there: it is one exception, or none where it is made up for; nothing
/// is left behind, and the same call works afterwards.
/// </summary>
[Platform("Linux")]
[SupportedOSPlatform("linux")]
[NonParallelizable]
public sealed class FailNthTests
{
    private const int MostSteps = 500;

    private static IEnumerable<TestCaseData> Scenarios()
    {
        yield return Owner("request", stage => stage.TryTwice(() => Assert.That(stage.Queue.Request(3, FaultStage.Length), Is.InRange(1, 3))));
        yield return Owner("request one", stage =>
        {
            stage.TryTwice(() => stage.Queue.Request(1, FaultStage.Length));
            stage.Queue.GetSpan(0).Fill(1);
        });
        yield return Owner("create", stage =>
        {
            stage.Queue.Request(1, FaultStage.Length);
            stage.TryTwice(() => Assert.That(stage.Queue.Create(2, FaultStage.Length).First, Is.EqualTo(1)));
        });
        yield return Owner("freeze", stage =>
        {
            stage.Queue.Request(1, FaultStage.Length, BufferProfile.Immutable);
            stage.Queue.GetSpan(0).Fill(5);
            stage.TryTwice(() => stage.Queue.Freeze(0));
            Assert.That(stage.Queue.GetReadOnlySpan(0).IndexOfAnyExcept((byte)5), Is.EqualTo(-1));
        });
        yield return Owner("accept", stage =>
        {
            stage.TryTwice(stage.Meet);
            Assert.That(stage.Queue.GetStatistics().Importers, Is.EqualTo(1));
        });
        yield return Owner("export", stage =>
        {
            stage.Connect();
            stage.Queue.Request(1, FaultStage.Length);
            stage.TryTwice(() => stage.Queue.Export(0, stage.Peer));
            Assert.That(stage.Importer.TryImport(out BufferImport? import, Shared.Soon), Is.True);
            Assert.That((import!.IsRevoked, stage.Peer.HeldBuffers), Is.EqualTo((false, 1)));
        });
        yield return Owner("export while it is queued", stage =>
        {
            stage.Connect();
            stage.Queue.Request(1, FaultStage.Length);
            stage.Queue.StreamOn();
            stage.Queue.Queue(0);
            stage.TryTwice(() => stage.Queue.Export(0, stage.Peer));
            Assert.That(stage.Importer.TryReceive(out _, TimeSpan.FromMilliseconds(stage.Peer.IsConnected ? 10_000 : 0)), Is.EqualTo(stage.Peer.IsConnected));
        });
        yield return Owner("frames for one who comes late", stage =>
        {
            stage.Connect();
            stage.Queue.Request(2, FaultStage.Length);
            stage.Queue.StreamOn();
            stage.Queue.Queue(0);
            stage.Queue.Queue(1);
            stage.TryTwice(() => stage.Queue.Export(0, stage.Peer));
            stage.TryTwice(() => stage.Queue.Export(1, stage.Peer));
            Assert.That(stage.Queue.TryDequeue(out CompletedBuffer late) && late.IsSkipped && late.Index == 0, Is.True);
            Assert.That(stage.Importer.TryReceive(out _, TimeSpan.FromMilliseconds(stage.Peer.IsConnected ? 10_000 : 0)), Is.EqualTo(stage.Peer.IsConnected));
        });
        yield return Owner("stream", stage =>
        {
            stage.ExportAll();
            stage.Queue.Queue(0);
            stage.TryTwice(stage.Queue.StreamOn);
            stage.TryTwice(() => stage.Queue.Queue(1));
            for (int left = stage.Peer.IsConnected ? 2 : 0; left > 0 && stage.Importer.TryReceive(out BufferFrame frame, Shared.Soon); left--)
            {
                stage.Importer.Acknowledge(frame);
            }

            stage.TryTwice(() => stage.Queue.TryDequeue(out _, TimeSpan.FromMilliseconds(20)));
            stage.TryTwice(stage.Queue.StreamOff);
            Assert.That(stage.Queue.Query(0).State, Is.EqualTo(BufferState.Dequeued));
        });
        yield return Owner("query", stage =>
        {
            stage.ExportAll();
            stage.TryTwice(() => Assert.That(stage.Queue.Query(0).IsHeld, Is.True));
        });
        yield return Owner("remove", stage =>
        {
            stage.ExportAll();
            stage.TryTwice(() => Assert.That(stage.Queue.Remove(0, 3).Orphaned, Is.EqualTo(3)));
        });
        foreach (ReleaseMode mode in Enum.GetValues<ReleaseMode>())
        {
            yield return Owner($"release {mode}", stage =>
            {
                stage.ExportAll();
                stage.Try(() => ReleaseHeld(stage, mode));
                Assert.That(stage.Queue.GetStatistics().LiveBuffers, Is.EqualTo(mode == ReleaseMode.Strict ? 3 : 0));
            });
        }

        yield return Owner("revoke orphans", stage =>
        {
            stage.ExportAll();
            stage.Queue.Release();
            stage.TryTwice(() => stage.Queue.RevokeOrphans());
            Shared.Eventually(() => stage.Queue.GetStatistics().RevokedBuffers == 2 || stage.Queue.RevokeOrphans() < 0, "what was refused can be done again");
        });
        yield return Owner("pressure", stage =>
        {
            stage.ExportAll();
            stage.Queue.Release();
            stage.Importer.Imports[0].Dispose();
            stage.TryTwice(() => stage.Queue.Create(1, FaultStage.Length));
        });
        yield return Owner("dispose", stage =>
        {
            BufferQueue owner = stage.Queue.OpenAnother();
            stage.ExportAll(owner);
            stage.Try(owner.Dispose);
            Assert.That(stage.Queue.GetStatistics().LiveBuffers, Is.Zero);
        });
        yield return Importer("connect", stage =>
        {
            stage.TryTwice(stage.Meet);
            Assert.That(stage.Importer.IsConnected, Is.True);
        });
        yield return Importer("import", stage =>
        {
            stage.Connect();
            stage.Queue.Request(1, FaultStage.Length);
            stage.Queue.Export(0, stage.Peer);
            if (!stage.Try(() => Assert.That(stage.Importer.TryImport(out _, Shared.Soon), Is.True)))
            {
                Shared.Eventually(() => stage.Peer.HeldBuffers == 0, "the owner is told");
                stage.Shared.Export(0, stage.Peer, stage.Importer);
            }

            Assert.That(stage.Importer.Imports[0].IsRevoked, Is.False);
            Shared.Eventually(() => !stage.Peer.IsConnected || stage.Peer.Unread == 0, "it is told, or sees that it has left");
        });
        yield return Importer("acknowledge", stage =>
        {
            stage.ExportAll();
            stage.Queue.StreamOn();
            stage.Queue.Queue(0);
            Assert.That(stage.Importer.TryReceive(out BufferFrame frame, Shared.Soon), Is.True);
            stage.TryTwice(() => stage.Importer.Acknowledge(frame));
            Assert.That(stage.Queue.TryDequeue(out CompletedBuffer completed, Shared.Soon), Is.True);
            Assert.That(completed.IsError, Is.False);
        });
        yield return Importer("let go", stage =>
        {
            stage.ExportAll();
            stage.TryTwice(() => Array.ForEach([.. stage.Importer.Imports], import => import.Dispose()));
            Shared.Eventually(() => stage.Peer.HeldBuffers == 0, "the owner is told, or sees that it has left");
        });
        yield return Importer("let go of what was released", stage =>
        {
            stage.Connect();
            stage.Queue.Request(2, FaultStage.Length);
            stage.Queue.Export(0, stage.Peer);
            stage.Queue.Export(1, stage.Peer);
            Shared.Eventually(() => stage.Importer.TryReceive(out _) || stage.Importer.Imports.Count == 2, "imported");
            stage.Queue.Release();
            stage.TryTwice(() => Assert.That(stage.Importer.TryReceive(out _), Is.False));
            Assert.That(stage.Importer.Imports, Is.Empty);
            Shared.Eventually(() => stage.Peer.HeldBuffers == 0, "the owner is told, or sees that it has left");
        });

        static TestCaseData Owner(string name, Action<FaultStage> play) => Make("owner", name, play);

        static TestCaseData Importer(string name, Action<FaultStage> play) => Make("importer", name, play);

        static TestCaseData Make(string who, string name, Delegate play) => new TestCaseData(who == "importer", play).SetArgDisplayNames($"{who}: {name}");
    }

    [TestCaseSource(nameof(Scenarios))]
    public void EachStepThatFails_IsOneRefusalOrNone_AndLeavesNothing(bool isImporters, Delegate play)
    {
        OpenFiles before = OpenFiles.Count();
        int refusals = 0;
        for (int nth = 1; nth <= MostSteps; nth++)
        {
            FaultPlan plan = FaultPlan.FailNth(nth);
            using (FaultStage stage = new(plan, isImporters))
            {
                ((Action<FaultStage>)play)(stage);
                stage.AssertItEndsWell($"step {nth}");
                refusals += stage.Refusals;
            }

            before.AssertNothingMore($"step {nth}");
            if (plan.Injected == 0)
            {
                TestContext.Out.WriteLine($"{nth - 1} steps, {refusals} refusals");
                Assert.That(nth, Is.GreaterThan(1), "there are steps");
                return;
            }
        }

        Assert.Fail($"more than {MostSteps} steps");
    }

    [Test]
    public void EachStepOfTheQueuesConstruction()
    {
        OpenFiles before = OpenFiles.Count();
        List<BufferTracking> trackings = [];
        int refusals = 0;
        for (int nth = 1; nth <= MostSteps; nth++)
        {
            FaultPlan plan = FaultPlan.FailNth(nth);
            try
            {
                using BufferQueue queue = new(new BufferQueueOptions { Faults = plan });
                trackings.Add(queue.Tracking);
                Assert.That(queue.Request(1, Shared.Page), Is.EqualTo(1));
            }
            catch (BufferException e) when (plan.Injected == 1 && e.Error is BufferError.OutOfMemory or BufferError.NotSupported)
            {
                refusals++;
            }

            before.AssertNothingMore($"step {nth}");
            if (plan.Injected == 0)
            {
                TestContext.Out.WriteLine($"{nth - 1} steps, {refusals} refusals");
                Assert.That((trackings.Distinct().Count(), refusals > 5), Is.EqualTo((2, true)), "some degrade, some refuse");
                return;
            }
        }

        Assert.Fail($"more than {MostSteps} steps");
    }

    [Test]
    public void EachStepOfAListeners([Values] bool isPath)
    {
        string folder = Directory.CreateTempSubdirectory("magalloc-").FullName;
        string address = isPath ? Path.Combine(folder, "socket") : $"@magalloc-listener-{Environment.ProcessId}";
        try
        {
            OpenFiles before = OpenFiles.Count();
            using BufferQueue queue = new();
            OpenFiles withQueue = OpenFiles.Count();
            for (int nth = 1; nth <= MostSteps; nth++)
            {
                FaultPlan plan = FaultPlan.FailNth(nth);
                int refusals = 0;
                try
                {
                    using BufferListener listener = new(address, plan);
                    Task<BufferImporter> connecting = Task.Run(() => BufferImporter.Connect(address));
                    try
                    {
                        queue.Accept(listener, Shared.Soon);
                    }
                    catch (BufferException)
                    {
                        refusals++;
                        Assert.That(queue.Accept(listener, Shared.Soon), Is.Not.Null, "the next attempt takes the one that waits");
                    }

                    connecting.GetAwaiter().GetResult().Dispose();
                }
                catch (BufferException e) when (e.Error == BufferError.OutOfMemory)
                {
                    refusals++;
                }

                Assert.That(refusals, Is.EqualTo(plan.Injected), $"step {nth}");
                Assert.That(Directory.GetFiles(folder).Where(file => file != $"{address}.lock"), Is.Empty, "no socket is left behind");
                withQueue.AssertNothingMore($"step {nth}");
                if (plan.Injected == 0)
                {
                    // One that was made and could not be locked is nobody's to delete, and the next one's to use.
                    Assert.That(Directory.GetFiles(folder), Is.Empty, "nor a lock");
                    Assert.That(nth, Is.EqualTo(isPath ? 7 : 5), "socket, the lock's file and the lock, bind, listen, accept");
                    return;
                }
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void ReleaseHeld(FaultStage stage, ReleaseMode mode)
    {
        try
        {
            stage.Queue.Release(mode);
            Assert.That(mode, Is.EqualTo(ReleaseMode.Orphan));
        }
        catch (BufferException e) when ((mode == ReleaseMode.Revoke && e.Error == BufferError.NotPermitted) || (mode == ReleaseMode.Strict && e.Error == BufferError.Busy))
        {
            // The immutable one; that they are held.
        }
    }
}
