using System.Runtime.Versioning;
using MagAlloc.Sharing.Platform;
using MagAlloc.Tests.Sharing.Support;

namespace MagAlloc.Tests.Sharing;

/// <summary>
/// An importer that has a buffer and is not seen to have it: as if the owner's own description had been sent, to which the lease is blind. The owner
/// notices, counts it, and takes that importer's word from then on.
/// </summary>
[Platform("Linux")]
[SupportedOSPlatform("linux")]
public sealed unsafe class UntrackedTests
{
    private const long Length = 4 * Shared.Page;

    [Test]
    public void ItIsNoticed_AndTheImporterIsBelieved()
    {
        using Shared shared = new();
        using RawImporter raw = Blind(shared, out SharingMessage export, out byte* mapping);
        Shared.Eventually(() => shared.Queue.GetStatistics().UntrackedExports == 1, "noticed");
        Assert.That(shared.Queue.Query(0).IsHeld, Is.True, "it says so");
        Assert.That(shared.Queue.Release(), Is.EqualTo(new ReleaseResult(0, 1, Length, 0)), "not taken for free");
        Assert.That(shared.Queue.WaitForReclaim(TimeSpan.FromMilliseconds(100)), Is.False);
        Assert.That(*mapping, Is.EqualTo(6));

        raw.Say(MessageKind.LetGo, export);
        Assert.That(shared.Queue.WaitForReclaim(Shared.Soon), Is.True);
        Assert.That(new Span<byte>(mapping, (int)Length).IndexOfAnyExcept((byte)0), Is.EqualTo(-1), "its pages are dropped, for nobody knows who else has it");
        Assert.That(shared.Queue.GetStatistics().UntrackedExports, Is.EqualTo(1));
        FileMapping.TryUnmap(mapping, (nuint)Length);
    }

    [Test]
    public void ItCanBeRevoked_AndEndsWithItsImporter()
    {
        using Shared shared = new();
        using RawImporter raw = Blind(shared, out _, out byte* mapping);
        Shared.Eventually(() => shared.Queue.GetStatistics().UntrackedExports == 1, "noticed");
        Assert.That(shared.Queue.Release(ReleaseMode.Revoke).Revoked, Is.EqualTo(1));
        Assert.That(*mapping, Is.Zero);
        Assert.That(shared.Queue.WaitForReclaim(TimeSpan.FromMilliseconds(50)), Is.False);
        raw.Dispose();
        Assert.That(shared.Queue.WaitForReclaim(Shared.Soon), Is.True);
        FileMapping.TryUnmap(mapping, (nuint)Length);
    }

    [Test]
    public void OthersAreSeenAsBefore()
    {
        using Shared shared = new();
        using RawImporter raw = Blind(shared, out _, out byte* mapping);
        shared.Queue.Create(1, Length);
        SharingMessage second = raw.Take(shared, 1, out FileDescriptor file);
        Shared.Eventually(() => shared.Queue.GetStatistics().UntrackedExports == 1, "noticed");
        raw.Say(MessageKind.LetGo, second);
        Shared.Eventually(() => shared.Queue.GetStatistics().FalseReleases == 1, "of the other buffer nothing is believed");
        file.Dispose();
        Shared.Eventually(() => raw.Peer.HeldBuffers == 1, "and its end is seen");
        FileMapping.TryUnmap(mapping, (nuint)Length);
    }

    /// <summary>
    /// One that has closed a buffer, and is silent about it, makes it untracked. What it holds afterwards is seen all the same: else two importers, or one, could have
    /// any number of buffers taken for free that they hold.
    /// </summary>
    [Test]
    public void WhoWasSilent_IsNotBelievedAboutWhatTheKernelSees()
    {
        using Shared shared = new();
        shared.Queue.Request(1, Length);
        using RawImporter raw = RawImporter.Join(shared);
        shared.Queue.Export(0, raw.Peer);
        SharingMessage export = raw.HearExport(out FileDescriptor file);
        file.Dispose();
        raw.Say(MessageKind.Imported, export);
        Shared.Eventually(() => shared.Queue.GetStatistics().UntrackedExports == 1, "noticed");
        raw.Say(MessageKind.LetGo, export);
        Shared.Eventually(() => raw.Peer.HeldBuffers == 0, "the owner hears it");

        export = raw.Take(shared, 0, out file);
        raw.Say(MessageKind.LetGo, export);
        Shared.Eventually(() => shared.Queue.GetStatistics().FalseReleases == 1, "it has it");
        Shared.Refused(BufferError.Busy, () => shared.Queue.Release(ReleaseMode.Strict));
        Assert.That(shared.Queue.Release(), Is.EqualTo(new ReleaseResult(0, 1, Length, 0)));
        Assert.That(shared.Queue.WaitForReclaim(TimeSpan.FromMilliseconds(50)), Is.False);
        file.Dispose();
        Assert.That(shared.Queue.WaitForReclaim(Shared.Soon), Is.True);
    }

    /// <summary>Between a buffer's coming and an importer's saying so it may be gone already: no reason to doubt.</summary>
    [Test]
    public void WhoLetsGoAtOnce_IsNotSuspected()
    {
        using Shared shared = new();
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        for (int round = 0; round < 200; round++)
        {
            shared.Queue.Request(1, Length);
            shared.Queue.Export(0, peer);
            Assert.That(importer.TryImport(out BufferImport? import, Shared.Soon), Is.True);
            import!.Dispose();
        }

        Thread.Sleep(250);
        BufferQueueStatistics books = shared.Queue.GetStatistics();
        Assert.That((books.UntrackedExports, books.FalseReleases), Is.EqualTo((0L, 0L)));
    }

    /// <summary>An importer that has mapped the owner's first description, in place of the one that it was sent.</summary>
    private static RawImporter Blind(Shared shared, out SharingMessage export, out byte* mapping)
    {
        shared.Queue.Request(1, Length);
        shared.Queue.GetSpan(0).Fill(6);
        RawImporter raw = RawImporter.Join(shared);
        shared.Queue.Export(0, raw.Peer);
        export = raw.HearExport(out FileDescriptor file);
        file.Dispose();
        mapping = FileMapping.Map(shared.Queue.Core.Require(shared.Queue, 0).Memory.File, (nuint)Length, writable: false, 0);
        Assert.That(*mapping, Is.EqualTo(6));
        raw.Say(MessageKind.Imported, export);
        return raw;
    }
}
