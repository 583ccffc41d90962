using System.Runtime.Versioning;
using MagAlloc.Platform;
using MagAlloc.Sharing.Platform;
using MagAlloc.Tests.Platform;
using MagAlloc.Tests.Sharing.Support;

namespace MagAlloc.Tests.Sharing;

/// <summary>Revocable buffers: for importers that asked for them, read by guarded copies, and cut off for good.</summary>
[Platform("Linux")]
[SupportedOSPlatform("linux")]
public sealed class RevocableProfileTests
{
    private static readonly BufferImporterOptions s_welcome = new() { AcceptRevocable = true };

    [Test]
    public void WhoDidNotAskForThem_GetsNone()
    {
        using Shared shared = Make(trust: true);
        (BufferPeer peer, _) = shared.Connect();
        BufferException refused = shared.RefusedWithoutTrace(BufferError.NotSupported, () => shared.Queue.Export(0, peer));
        Assert.That(refused.Message, Does.Contain("did not announce"));
        Assert.That(peer.AcceptsRevocable, Is.False);
    }

    [Test]
    public void ThisUsersProcesses_GetNone_UnlessTheyAreTrusted()
    {
        using Shared shared = Make(trust: false);
        (BufferPeer peer, _) = shared.Connect(s_welcome);
        Assert.That(peer.AcceptsRevocable, Is.True);
        BufferException refused = shared.RefusedWithoutTrace(BufferError.AccessDenied, () => shared.Queue.Export(0, peer));
        Assert.That(refused.Message, Does.Contain("TrustImporters").And.Contain(ProcessDescriptor.CurrentUser == 0 ? "root" : "this user"));
    }

    [Test]
    public void ThereIsNoWriting()
    {
        using Shared shared = Make(trust: true);
        (BufferPeer peer, _) = shared.Connect(s_welcome);
        BufferException refused = shared.RefusedWithoutTrace(BufferError.AccessDenied, () => shared.Queue.Export(0, peer, BufferAccess.ReadWrite));
        Assert.That(refused.Message, Does.Contain("Revocable"));
    }

    [Test]
    public void ItIsReadByCopies_AndNotInPlace()
    {
        using Shared shared = Make(trust: true);
        (BufferPeer peer, BufferImporter importer) = shared.Connect(s_welcome);
        BufferImport import = shared.Export(0, peer, importer);
        shared.Queue.GetSpan(0).Fill(3);
        byte[] copy = new byte[2 * Shared.Page];
        Assert.That(import.TryRead(0, copy), Is.True);
        Assert.That(copy, Is.All.EqualTo(3));
        Assert.That(import.TryRead(Shared.Page, copy.AsSpan(0, 100)), Is.True);
        Shared.Refused(BufferError.NotSupported, () => import.GetSpan());
        Shared.Refused(BufferError.NotSupported, () => import.GetMemory());
        Shared.Refused(BufferError.AccessDenied, () => import.GetWritableSpan());
        Shared.Refused(BufferError.Invalid, () => import.TryRead(1, copy));
    }

    [Test]
    public void Revoked_ItIsCutOff_AndAReadIsRefused()
    {
        using Shared shared = Make(trust: true);
        (BufferPeer peer, BufferImporter importer) = shared.Connect(s_welcome);
        BufferImport import = shared.Export(0, peer, importer);
        shared.Queue.GetSpan(0).Fill(3);
        Assert.That(shared.Queue.Release(ReleaseMode.Revoke), Is.EqualTo(new ReleaseResult(0, 0, 0, 1)));
        Assert.That(MemoryFiles.TryGetStatus(import.File, out FileStatus status), Is.True);
        Assert.That((status.Bytes, status.Blocks), Is.EqualTo((0, 0)));
        Assert.That(MemoryFile.ErrorOf(MemoryFiles.TrySetLength(MemoryFile.Reopen(import.File, writable: true), 100)), Is.EqualTo(LinuxError.NotPermitted));

        byte[] copy = new byte[100];
        Assert.That(import.TryRead(0, copy), Is.False);
        Shared.Refused(BufferError.Revoked, () => import.Read(0, copy));
        Assert.That(import.IsRevoked, Is.True);
        import.Dispose();
    }

    /// <summary>Between an export and its receipt there is time for a revocation: an importer meets a file that is cut off already.</summary>
    [Test]
    public void RevokedBeforeItIsReceived_ItIsNoMisuse_AndTheNextOneComes()
    {
        using Shared shared = Make(trust: true);
        (BufferPeer peer, BufferImporter importer) = shared.Connect(s_welcome);
        shared.Queue.Export(0, peer);
        Assert.That(shared.Queue.Release(ReleaseMode.Revoke).Revoked, Is.EqualTo(1));
        shared.Queue.Request(1, 2 * Shared.Page, BufferProfile.Revocable);
        shared.Queue.Export(0, peer);
        BufferImport? import;
        while (importer.TryImport(out import, Shared.Soon) && !import!.TryRead(0, new byte[100]))
        {
            Assert.That(import.IsRevoked, Is.True);
        }

        Assert.That(import, Is.Not.Null, "the new one comes");
    }

    /// <summary>An owner that was itself cut off by somebody announces nothing: the read that finds no bytes is the announcement.</summary>
    [Test]
    public void CutOffWithoutAnnouncement_AReadIsRefusedFromThenOn()
    {
        using Shared shared = Make(trust: true);
        (BufferPeer peer, BufferImporter importer) = shared.Connect(s_welcome);
        BufferImport import = shared.Export(0, peer, importer);
        Assert.That(import.IsRevoked, Is.False);
        using (FileDescriptor writable = MemoryFile.Reopen(import.File, writable: true))
        {
            Assert.That(MemoryFiles.TrySetLength(writable, 0), Is.True, "why importers of the same user must be trusted");
        }

        Assert.That(import.TryRead(0, new byte[1]), Is.False);
        Assert.That(import.IsRevoked, Is.True, "for good");
        Assert.That(Shared.IsRevoked(import, TimeSpan.Zero), Is.True);
    }

    [Test]
    public void AnImporterThatIsGivenOneUnasked_RefusesIt()
    {
        using RawOwner owner = new();
        using BufferImporter importer = owner.Meet();
        using FileDescriptor file = MemoryFile.Create(MemoryFiles.SealGrow);
        owner.Export(0, 1, MemoryFile.Reopen(file), MemoryFile.Bytes, BufferProfile.Revocable);
        Shared.Refused(BufferError.Invalid, () => importer.TryImport(out _, Shared.Soon));
        Assert.That(owner.Hear().Kind, Is.EqualTo(MagAlloc.Sharing.MessageKind.Refused));
    }

    [Test]
    public void Orphaned_ItCanBeReadAsBefore()
    {
        using Shared shared = Make(trust: true);
        (BufferPeer peer, BufferImporter importer) = shared.Connect(s_welcome);
        BufferImport import = shared.Export(0, peer, importer);
        shared.Queue.GetSpan(0).Fill(3);
        Assert.That(shared.Queue.Release().Orphaned, Is.EqualTo(1));
        byte[] copy = new byte[100];
        Assert.That(import.TryRead(0, copy), Is.True);
        Assert.That(copy, Is.All.EqualTo(3));
    }

    private static Shared Make(bool trust)
    {
        Shared shared = new(new BufferQueueOptions { TrustImporters = trust, WritableExports = true });
        shared.Queue.Request(1, 2 * Shared.Page, BufferProfile.Revocable);
        return shared;
    }
}
