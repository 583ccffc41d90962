using System.Buffers;
using System.Runtime.Versioning;
using MagAlloc.Sharing.Platform;
using MagAlloc.Tests.Platform;
using MagAlloc.Tests.Sharing.Support;

namespace MagAlloc.Tests.Sharing;

/// <summary>Pinned memory stays where it is, with its contents, until it is unpinned: on the owner's side and on importers'.</summary>
[Platform("Linux")]
[SupportedOSPlatform("linux")]
public sealed unsafe class PinTests
{
    private static readonly ReleaseMode[] s_quiet = [ReleaseMode.Orphan, ReleaseMode.Revoke];

    /// <summary>Nobody but the owner has it; the pin alone holds it.</summary>
    [Test]
    public void ABufferThatWasNeverExported_IsHeldByItsPin(
        [ValueSource(nameof(s_quiet))] ReleaseMode mode, [Values] BufferProfile profile)
    {
        using Shared shared = new();
        shared.Queue.Request(1, 2 * Shared.Page, profile);
        shared.Queue.GetSpan(0).Fill(5);
        MemoryHandle pin = shared.Queue.GetMemory(0).Pin();
        ReleaseResult result = default;
        if (profile == BufferProfile.Immutable && mode == ReleaseMode.Revoke)
        {
            result = Shared.Refused(BufferError.NotPermitted, () => shared.Queue.Release(mode)).Released!.Value;
        }
        else
        {
            result = shared.Queue.Release(mode);
        }

        Assert.That(result, Is.EqualTo(new ReleaseResult(0, 1, 2 * Shared.Page, 0)));
        AssertIntact(pin, 5);
        shared.Queue.RevokeOrphans();
        AssertIntact(pin, 5);
        Assert.That(shared.Queue.WaitForReclaim(TimeSpan.FromMilliseconds(20)), Is.False);
        Assert.That(shared.Queue.GetStatistics().OrphanedBytes, Is.EqualTo(2 * Shared.Page));

        pin.Dispose();
        Assert.That(shared.Queue.WaitForReclaim(TimeSpan.Zero), Is.True, "at once: nobody else is waited for");
        BufferQueueStatistics books = shared.Queue.GetStatistics();
        Assert.That((books.OrphanedBuffers, books.OrphanedBytes, books.RevokedBuffers, books.Reclaims), Is.EqualTo((0, 0L, 0, 1L)));
    }

    [Test]
    public void ARevocation_WaitsForThePin_AndComesThen([Values(BufferProfile.Stable, BufferProfile.Revocable)] BufferProfile profile)
    {
        using Shared shared = new(new BufferQueueOptions { TrustImporters = true });
        shared.Queue.Request(1, 2 * Shared.Page, profile);
        (BufferPeer peer, BufferImporter importer) = shared.Connect(new BufferImporterOptions { AcceptRevocable = true });
        BufferImport import = shared.Export(0, peer, importer);
        shared.Queue.GetSpan(0).Fill(5);
        MemoryHandle pin = shared.Queue.GetMemory(0).Pin();

        Assert.That(shared.Queue.Release(ReleaseMode.Revoke), Is.EqualTo(new ReleaseResult(0, 1, 2 * Shared.Page, 0)));
        AssertIntact(pin, 5);
        byte[] copy = new byte[2 * Shared.Page];
        Assert.That(import.TryRead(0, copy), Is.True, "not yet");
        Assert.That(copy, Is.All.EqualTo(5));

        pin.Dispose();
        Shared.Eventually(() => shared.Queue.GetStatistics().RevokedBuffers == 1, "revoked when it is unpinned");
        Assert.That(import.IsRevoked, Is.True);
        import.Dispose();
        Assert.That(shared.Queue.WaitForReclaim(Shared.Soon), Is.True);
    }

    [Test]
    public void TheLastOfSeveralPins_Counts()
    {
        using Shared shared = new();
        shared.Queue.Request(1, 2 * Shared.Page);
        shared.Queue.GetSpan(0).Fill(5);
        Memory<byte> memory = shared.Queue.GetMemory(0);
        MemoryHandle first = memory.Pin();
        MemoryHandle second = memory[4096..].Pin();
        Assert.That((byte*)second.Pointer - (byte*)first.Pointer, Is.EqualTo(4096));
        shared.Queue.Release();
        first.Dispose();
        first.Dispose();
        Assert.That(((byte*)second.Pointer)[1], Is.EqualTo(5));
        Assert.That(shared.Queue.WaitForReclaim(TimeSpan.Zero), Is.False);
        second.Dispose();
        Assert.That(shared.Queue.WaitForReclaim(TimeSpan.Zero), Is.True);
    }

    [Test]
    public void ALiveBuffer_IsNotChangedByPins()
    {
        using Shared shared = new();
        shared.Queue.Request(1, Shared.Page);
        shared.Queue.GetMemory(0).Pin().Dispose();
        Assert.That(shared.Queue.Query(0).IsHeld, Is.False);
        shared.Queue.GetSpan(0)[0] = 1;
        Assert.That(shared.Queue.Release().Freed, Is.EqualTo(1));
    }

    [Test]
    public void Memory_ThrowsOnceTheBufferIsReleased()
    {
        using Shared shared = new();
        shared.Queue.Request(1, Shared.Page);
        Memory<byte> memory = shared.Queue.GetMemory(0);
        Assert.That(memory.Length, Is.EqualTo(Shared.Page));
        memory.Span[0] = 3;
        Assert.That(shared.Queue.GetSpan(0)[0], Is.EqualTo(3));
        shared.Queue.Request(1, Shared.Page);
        Assert.That(() => { _ = memory.Span; }, Throws.TypeOf<ObjectDisposedException>(), "the index is another buffer's");
        Assert.That(() => memory.Pin(), Throws.TypeOf<ObjectDisposedException>());
    }

    [Test]
    public void AnOwnersMemoryOfAnotherHandle_IsBusy()
    {
        using Shared shared = new();
        shared.Queue.Request(1, Shared.Page);
        Memory<byte> memory = shared.Queue.GetMemory(0);
        shared.Queue.Release();
        using BufferQueue other = shared.Queue.OpenAnother();
        other.Request(1, Shared.Page);
        Shared.Refused(BufferError.Busy, () => _ = memory.Span);
    }

    /// <summary>The queue's end leaves pinned memory alone as well: it goes with its last pin.</summary>
    [Test]
    public void TheQueuesEnd_LeavesPinnedMemory([ValueSource(nameof(s_quiet))] ReleaseMode mode, [Values] bool exported)
    {
        OpenFiles before = OpenFiles.Count();
        Shared shared = new(new BufferQueueOptions { DisposeMode = mode });
        shared.Queue.Request(2, 2 * Shared.Page);
        shared.Queue.GetSpan(1).Fill(5);
        if (exported)
        {
            (BufferPeer peer, BufferImporter importer) = shared.Connect();
            shared.Export(1, peer, importer);
        }

        MemoryHandle pin = shared.Queue.GetMemory(1).Pin();
        shared.Dispose();
        AssertIntact(pin, 5);
        pin.Dispose();
        before.AssertNothingMore();
    }

    /// <summary>The last pin goes on one thread while the queue ends on another: whoever finishes the revocation, it is finished.</summary>
    [Test]
    public void TheQueuesEnd_WaitsForWhatAnEndingPinHasBegun()
    {
        const long Length = 512 * Shared.Page;
        for (int round = 0; round < 100; round++)
        {
            Shared shared = new(new BufferQueueOptions { DisposeMode = ReleaseMode.Revoke });
            shared.Queue.Request(1, Length);
            shared.Queue.GetSpan(0).Fill(5);
            (BufferPeer peer, BufferImporter importer) = shared.Connect();
            BufferImport import = shared.Export(0, peer, importer);
            using FileDescriptor witness = MemoryFile.Reopen(import.File);
            MemoryHandle pin = shared.Queue.GetMemory(0).Pin();
            shared.Queue.Release(ReleaseMode.Revoke);
            Task unpinning = Task.Run(pin.Dispose);
            Thread.SpinWait(round * 500);
            shared.Queue.Dispose();
            Assert.DoesNotThrow(() => unpinning.GetAwaiter().GetResult(), $"round {round}");
            Assert.That(MemoryFile.Resident(witness), Is.Zero, $"round {round}");
            shared.Dispose();
        }
    }

    [Test]
    public void AnImportsPin_KeepsItMapped_AndTheOwnerHearsOfTheEndAfterwards([Values] bool withLeases)
    {
        FaultPlan plan = FaultPlan.Random(1).At(FaultPoint.FileLease);
        plan.Enabled = false;
        using Shared shared = new(new BufferQueueOptions { Faults = plan });
        plan.Enabled = !withLeases;
        shared.Queue.Request(1, 2 * Shared.Page);
        shared.Queue.GetSpan(0).Fill(5);
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        BufferImport import = shared.Export(0, peer, importer);
        MemoryHandle pin = import.GetMemory().Pin();
        shared.Queue.Release();
        import.Dispose();
        AssertIntact(pin, 5);
        Assert.That(importer.Imports, Is.Empty);
        Assert.That(shared.Queue.WaitForReclaim(TimeSpan.FromMilliseconds(100)), Is.False, "it is still in use");
        AssertIntact(pin, 5);

        pin.Dispose();
        Assert.That(shared.Queue.WaitForReclaim(Shared.Soon), Is.True);
        BufferQueueStatistics books = shared.Queue.GetStatistics();
        Assert.That((books.FalseReleases, peer.HeldBuffers), Is.EqualTo((0L, 0)), "it has told no lie");
    }

    [Test]
    public void AnImportsPin_OutlivesTheImporter()
    {
        OpenFiles before = OpenFiles.Count();
        MemoryHandle pin;
        using (Shared shared = new(new BufferQueueOptions { DisposeMode = ReleaseMode.Orphan }))
        {
            shared.Queue.Request(1, 2 * Shared.Page);
            shared.Queue.GetSpan(0).Fill(5);
            (BufferPeer peer, BufferImporter importer) = shared.Connect();
            BufferImport import = shared.Export(0, peer, importer);
            pin = import.GetMemory().Pin();
            importer.Dispose();
            AssertIntact(pin, 5);
        }

        AssertIntact(pin, 5);
        pin.Dispose();
        before.AssertNothingMore();
    }

    [Test]
    public void PlacesOutside_CannotBePinned()
    {
        using Shared shared = new();
        shared.Queue.Request(1, Shared.Page);
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        BufferImport import = shared.Export(0, peer, importer);
        foreach (Memory<byte> memory in new[] { shared.Queue.GetMemory(0), import.GetMemory() })
        {
            Assert.That(System.Runtime.InteropServices.MemoryMarshal.TryGetMemoryManager<byte, MemoryManager<byte>>(memory, out MemoryManager<byte>? manager), Is.True);
            Assert.That(() => manager!.Pin(-1), Throws.TypeOf<ArgumentOutOfRangeException>());
            Assert.That(() => manager!.Pin(Shared.Page + 1), Throws.TypeOf<ArgumentOutOfRangeException>());
            manager!.Pin(Shared.Page).Dispose();
            ((IDisposable)manager).Dispose();
            Assert.That(memory.Span.Length, Is.EqualTo(Shared.Page), "the manager owns nothing");
        }

        Assert.That(shared.Queue.Release(), Is.EqualTo(new ReleaseResult(0, 1, Shared.Page, 0)));
    }

    private static void AssertIntact(MemoryHandle pin, byte mark)
        => Assert.That(new Span<byte>(pin.Pointer, 2 * Shared.Page).IndexOfAnyExcept(mark), Is.EqualTo(-1));
}
