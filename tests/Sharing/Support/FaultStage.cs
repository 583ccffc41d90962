using System.Runtime.Versioning;
using MagAlloc.Tests.Platform;

namespace MagAlloc.Tests.Sharing.Support;

/// <summary>An owner and an importer, one of which has a plan by which one of its steps fails.</summary>
[SupportedOSPlatform("linux")]
internal sealed class FaultStage : IDisposable
{
    public const long Length = 3 * Shared.Page;

    public FaultStage(FaultPlan plan, bool isImporters)
    {
        Plan = plan;
        plan.Enabled = false;
        Shared = new Shared(new BufferQueueOptions { TrustImporters = true, WritableExports = true, Faults = isImporters ? null : plan });
        ImportersOptions = new BufferImporterOptions { AcceptRevocable = true, Faults = isImporters ? plan : null };
    }

    public FaultPlan Plan { get; }

    public Shared Shared { get; }

    public BufferQueue Queue => Shared.Queue;

    public BufferImporterOptions ImportersOptions { get; }

    /// <summary>Calls that were refused.</summary>
    public int Refusals { get; private set; }

    public BufferPeer Peer { get; private set; } = null!;

    public BufferImporter Importer { get; private set; } = null!;

    /// <summary>Connects the importer.</summary>
    public void Connect() => (Peer, Importer) = Shared.Connect(ImportersOptions);

    /// <summary>Has another one connect, and accepts it; either may be refused.</summary>
    /// <exception cref="BufferException">It was.</exception>
    public void Meet()
    {
        Task<BufferImporter> connecting = Task.Run(() => BufferImporter.Connect(Shared.Address, ImportersOptions));
        BufferException? refused = null;
        Peer = null!;
        try
        {
            // An importer that failed before may be in line still, and is no refusal of this one.
            while (Peer is null && (refused is null || ImportersOptions.Faults is not null) && !connecting.IsFaulted)
            {
                refused = Accept();
            }

            Importer = connecting.GetAwaiter().GetResult();
        }
        catch (BufferException e) when (ImportersOptions.Faults is null)
        {
            // It was thrown out, and knows. Why is the owner's to say.
            refused ??= e;
        }

        if (refused is not null && ImportersOptions.Faults is null)
        {
            Importer?.Dispose();
            throw refused;
        }
    }

    private BufferException? Accept()
    {
        try
        {
            Peer = Queue.Accept(Shared.Listener, TimeSpan.FromMilliseconds(10))!;
            return null;
        }
        catch (BufferException e)
        {
            return e;
        }
    }

    /// <summary>Makes one buffer of each profile, and exports them.</summary>
    public void ExportAll(BufferQueue? owner = null)
    {
        owner ??= Queue;
        Connect();
        foreach (BufferProfile profile in Enum.GetValues<BufferProfile>())
        {
            int index = owner.Create(1, Length, profile).First;
            if (profile == BufferProfile.Immutable)
            {
                owner.Freeze(index);
            }

            owner.Export(index, Peer);
            Assert.That(Importer.TryImport(out _, Shared.Soon), Is.True);
        }
    }

    /// <summary>Makes a call with the plan at work.</summary>
    /// <returns>False when it was refused for the fault: then nothing is open that was not before.</returns>
    public bool Try(Action call)
    {
        OpenFiles before = OpenFiles.Count();
        Plan.Enabled = true;
        try
        {
            call();
            return true;
        }
        catch (BufferException e) when (Plan.Injected == 1 && (int)e.Error == 12)
        {
            Refusals++;
        }
        finally
        {
            Plan.Enabled = false;
        }

        before.AssertNothingMore();
        return false;
    }

    /// <summary>Makes a call with the plan at work; refused, once more without.</summary>
    public void TryTwice(Action call)
    {
        if (!Try(call))
        {
            call();
        }
    }

    /// <summary>Ends it all, and requires that the books come out even.</summary>
    public void AssertItEndsWell(string context)
    {
        Plan.Enabled = false;
        Importer?.Dispose();
        Queue.StreamOff();
        Queue.Release();
        Assert.That(Queue.WaitForReclaim(Shared.Soon), Is.True, context);
        Shared.Eventually(() => Queue.GetStatistics().Importers == 0, context);
        BufferQueueStatistics books = Queue.GetStatistics();
        Assert.That(
            (books.LiveBuffers, books.LiveBytes, books.OrphanedBuffers, books.OrphanedBytes, books.RevokedBuffers), Is.EqualTo((0, 0L, 0, 0L, 0)), context);
        Assert.That(books.Orphans, Is.EqualTo(books.Reclaims), context);
        if (Peer is not null)
        {
            Assert.That((Peer.HeldBuffers, Peer.HeldBytes), Is.EqualTo((0, 0L)), context);
        }
    }

    public void Dispose() => Shared.Dispose();
}
