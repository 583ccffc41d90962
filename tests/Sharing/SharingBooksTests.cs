using System.Diagnostics.Metrics;
using System.Runtime.Versioning;
using MagAlloc.Events;
using MagAlloc.Tests.Events.Support;
using MagAlloc.Tests.Sharing.Support;

namespace MagAlloc.Tests.Sharing;

/// <summary>Statistics, events, figures and instruments are one set of books: at rest they say the same.</summary>
[Platform("Linux")]
[SupportedOSPlatform("linux")]
[NonParallelizable]
public sealed class SharingBooksTests
{
    private const int Most = 12;

    [Test]
    public void AfterARandomProgram_AllBooksAgree()
    {
        int seed = Environment.TickCount;
        TestContext.Out.WriteLine($"seed {seed}");
        using EventRecorder session = EventRecorder.Start();
        string name = $"books {seed}";
        using Shared shared = new(new BufferQueueOptions
        {
            Name = name,
            MaxBuffers = Most,
            ByteLimit = 20 * Shared.Page,
            OrphanByteLimit = 30 * Shared.Page,
            WritableExports = true,
            ImplicitStop = true,
            OrphanPolicy = seed % 2 == 0 ? OrphanPolicy.Keep : OrphanPolicy.RevokeOldest,
        });
        Program program = new(shared, new Random(seed));
        for (int step = 0; step < 400; step++)
        {
            program.Step();
            if (step % 50 == 0)
            {
                Agree(session, shared, name, $"seed {seed} step {step}");
            }
        }

        program.End();
        Assert.That(shared.Queue.WaitForReclaim(Shared.Soon), Is.True, $"seed {seed}");
        Agree(session, shared, name, $"seed {seed}");
        BufferQueueStatistics books = shared.Queue.GetStatistics();
        Assert.That((books.LiveBuffers, books.OrphanedBytes, books.RevokedBuffers, books.Importers), Is.EqualTo((0, 0L, 0, 0)), $"seed {seed}");
        Assert.That((books.Reclaims, books.StaleAcknowledgements >= 0, books.Misuses), Is.EqualTo((books.Orphans, true, 0L)), $"seed {seed}");
        Assert.That(books.HandOvers, Is.GreaterThanOrEqualTo(books.Acknowledgements).And.Positive, $"seed {seed}");
    }

    [Test]
    public void WhatIsMadeInVain_IsToldAsReleased()
    {
        using EventRecorder session = EventRecorder.Start();
        FaultPlan plan = FaultPlan.FailNth(3).At(FaultPoint.FileMap);
        plan.Enabled = false;
        using Shared shared = new(new BufferQueueOptions { Name = "in vain", MinBuffers = 3, Faults = plan });
        plan.Enabled = true;
        Shared.Refused(BufferError.OutOfMemory, () => shared.Queue.Request(3, Shared.Page));
        Agree(session, shared, "in vain", "made in vain");
        Assert.That(session.Of(session.OwnerOf("in vain"), "BufferCreated"), Has.Count.EqualTo(2));
        Assert.That(session.All.Count(one => one.Name == "FaultInjected" && one.Text("point") == "FileMap"), Is.EqualTo(1));
    }

    [Test]
    public void TheLastFigures_AreToldBeforeTheEnd()
    {
        using EventRecorder session = EventRecorder.Start();
        Shared shared = new(new BufferQueueOptions { Name = "last frames" });
        shared.Queue.Request(1, Shared.Page);
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        shared.Export(0, peer, importer);
        shared.Queue.StreamOn();
        shared.Pass(0, importer);
        shared.Dispose();
        long owner = session.OwnerOf("last frames");
        RecordedEvent last = session.Of(owner, "BufferStatistics")[^1];
        Assert.That((last["handOvers"], last["acknowledgements"], last["liveBuffers"]), Is.EqualTo((1L, 1L, 0L)));
        Assert.That(last.Order, Is.LessThan(session.Of(owner, "OwnerDisposed").Single().Order));
    }

    [Test]
    public void AListener_MayReadTheBooksInsideAnEvent()
    {
        using EventRecorder session = EventRecorder.Start();
        using Shared shared = new();
        List<int> seen = [];
        session.Told = told =>
        {
            if (told.Name is "BufferCreated" or "BufferReleased")
            {
                seen.Add(shared.Queue.GetStatistics().LiveBuffers);
            }
        };
        shared.Queue.Request(2, Shared.Page);
        shared.Queue.Release();
        session.Told = null;
        Assert.That(seen, Has.Count.EqualTo(4));
    }

    /// <summary>What is about to be made counts against the quotas at once; no figure tells of memory that there is not, or of less than none.</summary>
    [Test]
    public void FiguresTellOfWhatIsMade()
    {
        using EventRecorder session = EventRecorder.Start();
        using Shared shared = new();
        List<(long Committed, long Allocated, long Decommitted)> seen = [];
        session.Told = told =>
        {
            if (told.Name == "BufferCreated" && shared.Queue.Core.TryRead(out Ledger figures))
            {
                seen.Add((figures.CommittedBytes, figures.AllocatedBytes, figures.DecommittedBytes));
            }
        };
        shared.Queue.Request(3, Shared.Page);
        session.Told = null;
        Assert.That(seen, Is.EqualTo(Enumerable.Range(1, 3).Select(i => ((long)i * Shared.Page, (long)i * Shared.Page, 0L))));
    }

    /// <summary>The queue's lock is held inside its events, and another one is taken before it.</summary>
    [Test]
    public void AListener_MustNotChangeBuffersInsideAnEvent()
    {
        using EventRecorder session = EventRecorder.Start();
        using Shared shared = new();
        List<Exception> refused = [];
        session.Told = told =>
        {
            if (told.Name != "BufferCreated")
            {
                return;
            }

            Action[] deeds =
            [
                () => shared.Queue.Request(1, 1), () => shared.Queue.Create(1, 1), () => shared.Queue.Remove(0, 1), () => shared.Queue.Freeze(0),
                () => shared.Queue.Release(), () => shared.Queue.RevokeOrphans(), () => shared.Queue.Dispose(),
                () => shared.Queue.StreamOn(), () => shared.Queue.StreamOff(), () => shared.Queue.Queue(0), () => shared.Queue.TryDequeue(out _),
            ];
            refused.AddRange(deeds.Select(deed => Assert.Throws<InvalidOperationException>(() => deed())!));
        };
        shared.Queue.Request(1, Shared.Page);
        session.Told = null;
        Assert.That(refused, Has.Count.EqualTo(11));
        Assert.That(shared.Queue.GetStatistics().LiveBuffers, Is.EqualTo(1));
    }

    private static void Agree(EventRecorder session, Shared shared, string name, string context)
    {
        long owner = session.OwnerOf(name);

        // What the caretaker does comes when it comes: at rest the numbers do not change while they are read.
        Shared.Eventually(
            () =>
            {
                BufferQueueStatistics books = shared.Queue.GetStatistics();
                return Differences(session, shared, owner, name, books).Count == 0 || shared.Queue.GetStatistics() != books;
            },
            context);
        BufferQueueStatistics last = shared.Queue.GetStatistics();
        List<string> differences = Differences(session, shared, owner, name, last);
        Assert.That(shared.Queue.GetStatistics() != last || differences.Count == 0, Is.True, $"{context}: {string.Join(", ", differences)}");
    }

    private static List<string> Differences(EventRecorder session, Shared shared, long owner, string name, BufferQueueStatistics books)
    {
        List<string> differences = [];
        Compare("created - released", Count("BufferCreated") - Count("BufferReleased"), books.LiveBuffers);
        Compare("released - reclaimed", Count("BufferReleased") - Count("BufferReclaimed"), books.OrphanedBuffers + books.RevokedBuffers);
        Compare("held", session.Of(owner, "BufferReleased").Sum(one => one["held"]), books.Orphans);
        Compare("revoked", Count("BufferRevoked"), books.Revocations);
        Compare("exported", Count("BufferExported"), books.Exports);
        Compare("connected", Count("ImporterConnected") - Count("ImporterGone"), books.Importers);
        Compare("refused", Count("QuotaExceeded"), books.QuotaRefusals);

        Assert.That(shared.Queue.Core.TryRead(out Ledger figures), Is.True);
        Compare("bytes", figures.CommittedBytes, books.LiveBytes + books.OrphanedBytes);
        Compare("allocated", figures.AllocatedBytes, books.LiveBytes);
        Compare("peak", figures.PeakCommittedBytes, books.PeakBytes);
        Compare("total", figures.ObtainedBytes, session.Of(owner, "BufferCreated").Sum(one => one["bytes"]));
        Compare("given back", figures.DecommittedBytes, figures.ObtainedBytes - figures.CommittedBytes);

        Dictionary<string, long> read = Listen(name);
        Compare("live", read["magalloc.buffers.current live"], books.LiveBuffers);
        Compare("orphans", read["magalloc.buffers.current orphaned"], books.OrphanedBuffers);
        Compare("tombstones", read["magalloc.buffers.current revoked"], books.RevokedBuffers);
        Compare("orphaned bytes", read["magalloc.buffers.orphaned"], books.OrphanedBytes);
        Compare("importers", read["magalloc.buffers.importers"], books.Importers);
        Compare("hand-overs", read["magalloc.buffers.handovers"], books.HandOvers);
        Compare("acknowledgements", read["magalloc.buffers.acknowledgements"], books.Acknowledgements);
        Compare("revocations", read["magalloc.buffers.revocations"], books.Revocations);
        Compare("re-inflations", read["magalloc.buffers.reinflations"], books.Reinflations);
        Compare("reclaims", read["magalloc.buffers.reclaims"], books.Reclaims);
        Compare("refusals", read["magalloc.buffers.refusals"], books.QuotaRefusals);
        return differences;

        long Count(string told) => session.Of(owner, told).Count;

        void Compare(string what, long found, long expected)
        {
            if (found != expected)
            {
                differences.Add($"{what}: {found}, and in the books {expected}");
            }
        }
    }

    private static Dictionary<string, long> Listen(string owner)
    {
        Dictionary<string, long> read = [];
        using MeterListener listener = new();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Meter.Name == MagAllocMeter.MeterName && instrument.Name.StartsWith("magalloc.buffers.", StringComparison.Ordinal))
            {
                self.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            Dictionary<string, object?> found = new(tags.ToArray());
            if (owner.Equals(found[Instruments.OwnerNameTag]))
            {
                read.Add(found.TryGetValue(Instruments.BufferStateTag, out object? state) ? $"{instrument.Name} {state}" : instrument.Name, value);
            }
        });
        listener.Start();
        listener.RecordObservableInstruments();
        return read;
    }

    /// <summary>Does one thing after the other, refusals included.</summary>
    private sealed class Program(Shared shared, Random random)
    {
        private readonly List<(BufferPeer Peer, BufferImporter Importer)> _importers = [];

        public void Step()
        {
            try
            {
                Do(random.Next(14));
            }
            catch (BufferException e) when (e.Error is not (BufferError.BadDescriptor or BufferError.TryAgain or BufferError.Revoked))
            {
                // The books count it, or nothing has happened.
            }
        }

        public void End()
        {
            shared.Queue.Release();
            _importers.ForEach(one => one.Importer.Dispose());
            Shared.Eventually(() => shared.Queue.GetStatistics().Importers == 0, "gone");
        }

        private void Do(int what)
        {
            BufferQueue queue = shared.Queue;
            int index = random.Next(Most);
            switch (what)
            {
                case 0:
                    queue.Create(random.Next(1, 4), random.Next(1, 3 * Shared.Page));
                    break;
                case 1:
                    queue.Remove(index, random.Next(1, 3));
                    break;
                case 2 when random.Next(8) == 0:
                    queue.Release(random.Next(2) == 0 ? ReleaseMode.Orphan : ReleaseMode.Revoke, TimeSpan.FromMilliseconds(random.Next(3)));
                    break;
                case 3 when random.Next(4) == 0:
                    queue.RevokeOrphans();
                    break;
                case 4 when _importers.Count < 3:
                    _importers.Add(shared.Connect());
                    break;
                case 5 or 6 or 7 when _importers.Count != 0:
                    queue.Export(index, OneOf().Peer, (BufferAccess)random.Next(2));
                    break;
                case 8:
                    queue.StreamOn();
                    break;
                case 9 when random.Next(6) == 0:
                    queue.StreamOff();
                    break;
                case 10:
                    queue.Queue(index);
                    break;
                case 11:
                    queue.TryDequeue(out _);
                    break;
                case 12 when _importers.Count != 0:
                    (_, BufferImporter importer) = OneOf();
                    if (importer.TryReceive(out BufferFrame frame))
                    {
                        importer.Acknowledge(frame);
                    }

                    break;
                case 13 when _importers.Count != 0:
                    (BufferPeer Peer, BufferImporter Importer) one = OneOf();
                    if (random.Next(10) == 0)
                    {
                        one.Importer.Dispose();
                        _importers.Remove(one);
                    }
                    else if (one.Importer.Imports is { Count: > 0 } imports)
                    {
                        imports[random.Next(imports.Count)].Dispose();
                    }

                    break;
            }
        }

        private (BufferPeer Peer, BufferImporter Importer) OneOf() => _importers[random.Next(_importers.Count)];
    }
}
