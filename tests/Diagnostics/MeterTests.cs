using System.Diagnostics.Metrics;
using System.Runtime.Versioning;
using MagAlloc.Tests.Children;
using MagAlloc.Tests.Heap.Support;
using MagAlloc.Tests.Sharing.Support;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace MagAlloc.Tests.Diagnostics;

/// <summary>The instruments, read by the two ways a program has: a listener of its own, and OpenTelemetry.</summary>
[NonParallelizable]
public sealed unsafe class MeterTests
{
    [Test]
    public void A_listener_reads_what_the_books_say()
    {
        using NativeHeap heap = Used("metered", out HeapStatistics books);
        Dictionary<string, long> read = Listen("metered");

        Assert.Multiple(() =>
        {
            Assert.That(read["magalloc.memory.allocated"], Is.EqualTo(books.AllocatedBytes));
            Assert.That(read["magalloc.memory.cached thread"], Is.EqualTo(books.ThreadCachedBytes));
            Assert.That(read["magalloc.memory.cached depot"], Is.EqualTo(books.DepotCachedBytes));
            Assert.That(read["magalloc.memory.free"], Is.EqualTo(books.FreeBytes));
            Assert.That(read["magalloc.memory.committed"], Is.EqualTo(books.CommittedBytes));
            Assert.That(read["magalloc.memory.peak"], Is.EqualTo(books.PeakCommittedBytes));
            Assert.That(read["magalloc.memory.reserved"], Is.EqualTo(books.ReservedBytes));
            Assert.That(read["magalloc.memory.obtained"] - read["magalloc.memory.returned"], Is.EqualTo(books.CommittedBytes));
            Assert.That(read["magalloc.memory.returned"], Is.Positive, "the heap was trimmed");
            Assert.That(read["magalloc.threads"], Is.EqualTo(1));
            Assert.That(read["magalloc.depot.magazines"], Is.EqualTo(books.DepotMagazines).And.Positive);
            Assert.That(read["magalloc.depot.exchanges"], Is.EqualTo(books.DepotExchanges).And.Positive);
            Assert.That(read["magalloc.depot.hits"], Is.EqualTo(books.DepotHits).And.Positive);
            Assert.That(read["magalloc.source.refills"], Is.EqualTo(books.SourceRefills).And.Positive);
            Assert.That(read["magalloc.source.returns"], Is.EqualTo(books.SourceReturns).And.Positive);
            Assert.That(read["magalloc.reclaim.magazines"], Is.EqualTo(books.ReclaimedMagazines).And.Positive);
            Assert.That(read["magalloc.misuses"], Is.EqualTo(1));
            Assert.That(read["magalloc.faults"], Is.EqualTo(1));
            Assert.That(read["magalloc.out_of_memory.flushes"], Is.EqualTo(books.OutOfMemoryFlushes).And.Positive);
            foreach (SizeClassStatistics one in heap.GetSizeClassStatistics())
            {
                Assert.That(read[$"magalloc.class.allocated {one.BlockBytes}"], Is.EqualTo(one.AllocatedBlocks));
                Assert.That(read[$"magalloc.class.cached {one.BlockBytes}"], Is.EqualTo(one.ThreadCachedBlocks + one.DepotCachedBlocks));
                Assert.That(read[$"magalloc.class.slabs {one.BlockBytes}"], Is.EqualTo(one.Slabs));
                Assert.That(read[$"magalloc.class.waste {one.BlockBytes}"], Is.EqualTo(one.WasteBytes));
            }
        });
    }

    [Test]
    public void OpenTelemetry_exports_them_with_units_and_tags()
    {
        using NativeHeap heap = Used("exported", out HeapStatistics books);
        using var exporter = new KeepingExporter("exported");
        using (MeterProvider provider = Sdk.CreateMeterProviderBuilder()
            .AddMeter(MagAllocMeter.MeterName)
            .AddReader(new BaseExportingMetricReader(exporter))
            .Build())
        {
            Assert.That(provider.ForceFlush(), Is.True);
        }

        Assert.That(exporter.Read["magalloc.memory.allocated [By] heap"], Is.EqualTo(books.AllocatedBytes));
        Assert.That(exporter.Read["magalloc.depot.exchanges [{magazine}] heap"], Is.EqualTo(books.DepotExchanges));
        Assert.That(exporter.Read["magalloc.threads [{thread}] heap"], Is.EqualTo(1));
        Assert.That(exporter.Read.Keys, Has.Some.StartsWith("magalloc.class.allocated [{block}]"));
    }

    [Test]
    [Platform("Linux")]
    [SupportedOSPlatform("linux")]
    public void Buffers_have_instruments_of_their_own()
    {
        using Shared shared = new(new BufferQueueOptions { Name = "lent", ByteLimit = 16 * Shared.Page });
        shared.Queue.Request(3, 4 * Shared.Page);
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        shared.Export(0, peer, importer);
        shared.Export(1, peer, importer);
        shared.Queue.Remove(0, 1);
        shared.Queue.RevokeOrphans();
        shared.Queue.Remove(1, 1);
        Shared.Refused(BufferError.QuotaExceeded, () => shared.Queue.Create(1, 12 * Shared.Page));
        Dictionary<string, long> read = Listen("lent", "buffers");

        Assert.Multiple(() =>
        {
            Assert.That(read["magalloc.buffers.current live"], Is.EqualTo(1));
            Assert.That(read["magalloc.buffers.current orphaned"], Is.EqualTo(1));
            Assert.That(read["magalloc.buffers.current revoked"], Is.EqualTo(1));
            Assert.That(read["magalloc.buffers.orphaned"], Is.EqualTo(4 * Shared.Page));
            Assert.That(read["magalloc.buffers.importers"], Is.EqualTo(1));
            Assert.That(read["magalloc.buffers.revocations"], Is.EqualTo(1));
            Assert.That(read["magalloc.buffers.refusals"], Is.EqualTo(1));
            Assert.That(read["magalloc.memory.committed"], Is.EqualTo(8 * Shared.Page), "what was revoked is gone");
            Assert.That(read["magalloc.memory.peak"], Is.EqualTo(12 * Shared.Page));
            Assert.That(read["magalloc.memory.returned"], Is.EqualTo(4 * Shared.Page));
        });
    }

    [Test]
    public void Owners_of_one_name_are_one_series()
    {
        using NativeHeap first = new(new NativeHeapOptions { Name = "twins", Reclaim = ReclaimOptions.Manual });
        using NativeHeap second = new(new NativeHeapOptions { Name = "twins", Reclaim = ReclaimOptions.Manual });
        first.Allocate(100_000);
        second.Allocate(200_000);

        Assert.That(
            Listen("twins")["magalloc.memory.allocated"],
            Is.EqualTo(first.GetStatistics().AllocatedBytes + second.GetStatistics().AllocatedBytes));
    }

    /// <summary>What an owner has counted is its own: with it go its counts, and the sums are those of the owners that are left.</summary>
    [Test]
    public void A_series_is_the_sum_of_the_owners_that_live_and_ends_with_the_last()
    {
        NativeHeap first = Used("pair-of-heaps", out _), second = Used("pair-of-heaps", out _);
        Dictionary<string, long> both = Listen("pair-of-heaps");
        first.Dispose();
        Dictionary<string, long> one = Listen("pair-of-heaps");
        string[] counters = [.. both.Keys.Where(key => key.Split('.')[^1] is "exchanges" or "hits" or "refills" or "returns" or "misuses" or "faults" or "flushes")];
        Assert.Multiple(() =>
        {
            Assert.That(counters, Has.Length.EqualTo(7));
            foreach (string counter in counters)
            {
                Assert.That(one[counter], Is.EqualTo(both[counter] / 2).And.Positive, counter);
            }

            Assert.That(one["magalloc.memory.committed"], Is.LessThan(both["magalloc.memory.committed"]));
        });

        second.Dispose();
        Assert.That(Listen("pair-of-heaps"), Is.Empty, "and the series ends with the last one");
        using NativeHeap third = new(new NativeHeapOptions { Name = "pair-of-heaps", Reclaim = ReclaimOptions.Manual });
        Assert.That(Listen("pair-of-heaps")["magalloc.depot.exchanges"], Is.Zero);
    }

    [Test]
    public void A_domain_tells_only_what_it_knows_of_its_classes()
    {
        using IovaDomain domain = new(options: new IovaDomainOptions { Name = "knows-little" });
        domain.FreeFast(domain.AllocateFast(1, ulong.MaxValue >> 12), 1);
        Assert.That(Listen("knows-little", "domain").Keys.Where(key => key.StartsWith("magalloc.class.", StringComparison.Ordinal)), Is.All.StartsWith("magalloc.class.cached"));
    }

    /// <summary>The meter is made with a process's first heap, and what a monitor throws then must cost neither heap nor instruments.</summary>
    [Test]
    [Platform("Linux")]
    public void A_listener_that_throws_costs_no_heap() => ChildProgram.Play("a-listener-that-throws");

    [Test]
    public void A_disposed_owner_is_no_longer_reported()
    {
        Used("gone", out _).Dispose();
        Assert.That(Listen("gone"), Is.Empty);
    }

    [Test]
    public void Names_and_units_follow_the_conventions()
    {
        List<Instrument> instruments = [];
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, _) =>
        {
            if (instrument.Meter.Name == MagAllocMeter.MeterName)
            {
                instruments.Add(instrument);
            }
        };
        using NativeHeap heap = new(new NativeHeapOptions { Reclaim = ReclaimOptions.Manual });
        listener.Start();

        Assert.That(instruments, Has.Count.EqualTo(31));
        Assert.That(instruments.Select(one => one.Name), Is.Unique.And.All.Match("^magalloc(\\.[a-z]+(_[a-z]+)*)+$"));
        Assert.That(instruments.Select(one => one.Unit), Has.All.Match("^(By|\\{[a-z]+\\})$"));
        Assert.That(instruments.Select(one => one.Description), Has.All.Match("^[A-Z].*\\.$"));
    }

    [Test]
    public void A_factory_that_is_given_carries_the_instruments_and_nobody_else()
    {
        using NativeHeap heap = Used("by a factory", out HeapStatistics books);
        using KeepingFactory first = new();
        using KeepingFactory second = new();
        try
        {
            foreach (KeepingFactory factory in (KeepingFactory[])[first, second, first])
            {
                MagAllocMeter.Use(factory);

                // Each instrument once: Listen refuses a second figure of one name.
                Assert.That(Listen("by a factory")["magalloc.misuses"], Is.EqualTo(books.Misuses));
                Assert.That(Published().Where(one => one.Meter.Scope == factory).Select(one => one.Name).Distinct().Count(), Is.EqualTo(31));
                Assert.That(Published().Where(one => one.Meter.Scope is null), Is.Empty, "the process's own meter has ended");
            }
        }
        finally
        {
            MagAllocMeter.Use(null);
        }

        Assert.That(Listen("by a factory")["magalloc.misuses"], Is.EqualTo(books.Misuses));
        Assert.That(Published().Count(one => one.Meter.Scope is null), Is.EqualTo(31));
    }

    [Test]
    public void A_factory_that_refuses_changes_nothing()
    {
        using NativeHeap heap = Used("refused", out HeapStatistics books);
        KeepingFactory ended = new();
        ended.Dispose();

        Assert.That(() => MagAllocMeter.Use(ended), Throws.TypeOf<ObjectDisposedException>());

        Assert.That(Listen("refused")["magalloc.misuses"], Is.EqualTo(books.Misuses));
    }

    private static List<Instrument> Published()
    {
        List<Instrument> instruments = [];
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, _) =>
        {
            if (instrument.Meter.Name == MagAllocMeter.MeterName)
            {
                instruments.Add(instrument);
            }
        };
        listener.Start();
        return instruments;
    }

    /// <summary>A heap that has used all its ways once.</summary>
    private static NativeHeap Used(string name, out HeapStatistics books)
    {
        FaultPlan plan = FaultPlan.FailNth(5).At(FaultPoint.SlabCreate);
        var heap = new NativeHeap(new NativeHeapOptions { Name = name, Reclaim = ReclaimOptions.Manual, ByteLimit = 64 << 20, Faults = plan });
        nint[] blocks = new nint[3000];
        for (int round = 0; round < 4; round++)
        {
            for (int size = 32; size < 1000; size += 100)
            {
                heap.AllocateMany((nuint)size, blocks);
                heap.FreeMany(blocks);
            }
        }

        heap.Trim();
        heap.TryAllocate(60 << 20, out void* large);
        heap.TryAllocate(60 << 20, out _);
        heap.Free(large);
        for (int round = 0; round < 4; round++)
        {
            heap.AllocateMany(64, blocks);
            heap.FreeMany(blocks);
        }

        heap.AllocateMany(64, blocks.AsSpan(0, 10));
        try
        {
            heap.Free((void*)0x1230);
        }
        catch (HeapMisuseException)
        {
            // What the counter of misuses is for.
        }

        books = heap.GetStatistics();
        return heap;
    }

    /// <summary>What a listener reads of one owner: by instrument, and level or class where there are several.</summary>
    private static Dictionary<string, long> Listen(string owner, string kind = "heap")
    {
        Dictionary<string, long> read = [];
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Meter.Name == MagAllocMeter.MeterName)
            {
                self.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            Dictionary<string, object?> found = [];
            foreach (KeyValuePair<string, object?> tag in tags)
            {
                found.Add(tag.Key, tag.Value);
            }

            if (!owner.Equals(found[Instruments.OwnerNameTag]))
            {
                return;
            }

            Assert.That(found[Instruments.OwnerKindTag], Is.EqualTo(kind));
            object? part = found.GetValueOrDefault(Instruments.CacheLevelTag)
                ?? found.GetValueOrDefault(Instruments.SizeClassTag) ?? found.GetValueOrDefault(Instruments.BufferStateTag);
            read.Add(part is null ? instrument.Name : $"{instrument.Name} {part}", value);
        });
        listener.Start();
        listener.RecordObservableInstruments();
        return read;
    }

    /// <summary>As the factory of a host: one meter a name, which only the factory can end.</summary>
    private sealed class KeepingFactory : IMeterFactory
    {
        private KeptMeter? _meter;
        private bool _isDisposed;

        /// <inheritdoc/>
        public Meter Create(MeterOptions options)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            options.Scope = this;
            return _meter ??= new KeptMeter(options);
        }

        /// <inheritdoc/>
        public void Dispose()
        {
            _isDisposed = true;
            _meter?.End();
        }

        private sealed class KeptMeter(MeterOptions options) : Meter(options)
        {
            public void End() => base.Dispose(disposing: true);

            /// <inheritdoc/>
#pragma warning disable CA2215 // As the framework's own: only the factory ends it.
            protected override void Dispose(bool disposing)
#pragma warning restore CA2215
            {
            }
        }
    }

    /// <summary>OpenTelemetry's end of the pipe.</summary>
    private sealed class KeepingExporter(string owner) : BaseExporter<Metric>
    {
        public Dictionary<string, long> Read { get; } = [];

        /// <inheritdoc/>
        public override ExportResult Export(in Batch<Metric> batch)
        {
            foreach (Metric metric in batch)
            {
                foreach (ref readonly MetricPoint point in metric.GetMetricPoints())
                {
                    Dictionary<string, object?> tags = [];
                    foreach (KeyValuePair<string, object?> tag in point.Tags)
                    {
                        tags.Add(tag.Key, tag.Value);
                    }

                    if (owner.Equals(tags[Instruments.OwnerNameTag]))
                    {
                        string parts = string.Join(' ', tags.Where(tag => tag.Key != Instruments.OwnerNameTag).Select(tag => tag.Value));
                        Read[$"{metric.Name} [{metric.Unit}] {parts}"] =
                            metric.MetricType is MetricType.LongGauge ? point.GetGaugeLastValueLong() : point.GetSumLong();
                    }
                }
            }

            return ExportResult.Success;
        }
    }
}
