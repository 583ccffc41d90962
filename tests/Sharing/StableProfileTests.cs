using System.Runtime.Versioning;
using MagAlloc.Platform;
using MagAlloc.Sharing.Platform;
using MagAlloc.Tests.Platform;
using MagAlloc.Tests.Sharing.Support;

namespace MagAlloc.Tests.Sharing;

/// <summary>Stable buffers: what importers get, and what the owner can take back.</summary>
[Platform("Linux")]
[SupportedOSPlatform("linux")]
public sealed unsafe class StableProfileTests
{
    [Test]
    public void AnImport_SaysWhatItIs()
    {
        using Shared shared = new();
        shared.Queue.Request(3, 2 * Shared.Page);
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        BufferImport import = shared.Export(2, peer, importer);
        Assert.Multiple(() =>
        {
            Assert.That((import.Index, import.Length, import.Profile, import.Access), Is.EqualTo((2, 2L * Shared.Page, BufferProfile.Stable, BufferAccess.ReadOnly)));
            Assert.That((import.IsRevoked, import.IsReleased), Is.EqualTo((false, false)));
            Assert.That(importer.Imports, Is.EqualTo(new[] { import }));
            Assert.That(importer.OwnerProcessId, Is.EqualTo(Environment.ProcessId));
            Assert.That((peer.ProcessId, peer.UserId, peer.AcceptsRevocable), Is.EqualTo((Environment.ProcessId, (long)ProcessDescriptor.CurrentUser, false)));
            Assert.That((peer.HeldBuffers, peer.HeldBytes, peer.IsConnected), Is.EqualTo((1, 2L * Shared.Page, true)));
            Assert.That((shared.Queue.Query(2).IsHeld, shared.Queue.Query(2).Importers, shared.Queue.Query(1).IsHeld), Is.EqualTo((true, 1, false)));
        });
    }

    [Test]
    public void BothSee_TheSameMemory()
    {
        using Shared shared = new();
        shared.Queue.Request(1, 3 * Shared.Page);
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        BufferImport import = shared.Export(0, peer, importer);
        Random.Shared.NextBytes(shared.Queue.GetSpan(0));
        byte[] copy = new byte[3 * Shared.Page];
        Assert.That(import.TryRead(0, copy), Is.True);
        Assert.That(copy, Is.EqualTo(shared.Queue.GetSpan(0).ToArray()));
        Assert.That(import.GetSpan().SequenceEqual(copy), Is.True);
        Assert.That(import.GetMemory().Span.SequenceEqual(copy), Is.True);
        Assert.That(new Span<byte>(import.DangerousGetPointer(), copy.Length).SequenceEqual(copy), Is.True);
        Assert.That(import.GetSpan(5000, 100).SequenceEqual(copy.AsSpan(5000, 100)), Is.True);
        import.Read(8192, copy.AsSpan(0, 4096));
        Assert.That(shared.Queue.GetReadOnlySpan(0, 8192).SequenceEqual(copy.AsSpan(0, 4096)), Is.True);
    }

    [Test]
    public void ForReading_TheKernelForbidsToWrite()
    {
        using Shared shared = new();
        shared.Queue.Request(1, Shared.Page);
        using RawImporter raw = RawImporter.Join(shared);
        shared.Queue.Export(0, raw.Peer);
        raw.HearExport(out FileDescriptor file);
        using (file)
        {
            Assert.That(MemoryFiles.SealsOf(file) & 0xF, Is.EqualTo(MemoryFiles.SealShrink | MemoryFiles.SealGrow | MemoryFiles.SealSeals));
            Assert.That(MemoryFiles.IsWritable(file), Is.False);
            Assert.That(FileMapping.Map(file, Shared.Page, writable: true, 0) == null, Is.True);
            Assert.That(MemoryFile.ErrorOf(MemoryFiles.TryPunch(file, Shared.Page)), Is.EqualTo(LinuxError.BadDescriptor));
            Assert.That(File.GetUnixFileMode($"/proc/self/fd/{file.Number}"), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite));
        }
    }

    [Test]
    public void ForWriting_AnImporterCanWrite_AndNotShrinkWhatTheOwnerTouches()
    {
        using Shared shared = new(new BufferQueueOptions { WritableExports = true });
        shared.Queue.Request(1, Shared.Page);
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        BufferImport import = shared.Export(0, peer, importer, BufferAccess.ReadWrite);
        Assert.That(import.Access, Is.EqualTo(BufferAccess.ReadWrite));
        import.GetWritableSpan().Fill(9);
        Assert.That(shared.Queue.GetSpan(0).IndexOfAnyExcept((byte)9), Is.EqualTo(-1));
        import.GetMemory().Span.Fill(8);
        Assert.That(shared.Queue.GetSpan(0).IndexOfAnyExcept((byte)8), Is.EqualTo(-1));
        Assert.That(MemoryFile.ErrorOf(MemoryFiles.TrySetLength(import.File, 0)), Is.EqualTo(LinuxError.NotPermitted));
        Assert.That(MemoryFile.ErrorOf(MemoryFiles.TryAddSeals(import.File, MemoryFiles.SealWrite)), Is.EqualTo(LinuxError.NotPermitted));
    }

    [Test]
    public void WhereTheQueueDoesNotAllowIt_ThereIsNoWriting()
    {
        using Shared shared = new();
        shared.Queue.Request(1, Shared.Page);
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        shared.RefusedWithoutTrace(BufferError.AccessDenied, () => shared.Queue.Export(0, peer, BufferAccess.ReadWrite));
        BufferImport import = shared.Export(0, peer, importer);
        Shared.Refused(BufferError.AccessDenied, () => import.GetWritableSpan());
        Assert.That(import.GetSpan()[0], Is.Zero, "reading goes on");
    }

    [TestCase(-1L, 1)]
    [TestCase(0L, 4097)]
    [TestCase(4097L, 0)]
    [TestCase(4097L, -1)]
    [TestCase(0L, -2)]
    [TestCase(1L, 4096)]
    [TestCase(long.MaxValue, 1)]
    [TestCase(long.MaxValue, -1)]
    [TestCase(long.MinValue, -1)]
    [TestCase(long.MinValue, int.MaxValue)]
    public void PartsThatAreNotThere_AreInvalid_OnBothSides(long offset, int length)
    {
        using Shared shared = new();
        shared.Queue.Request(1, Shared.Page);
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        BufferImport import = shared.Export(0, peer, importer);
        Shared.Refused(BufferError.Invalid, () => shared.Queue.GetSpan(0, offset, length));
        Shared.Refused(BufferError.Invalid, () => shared.Queue.GetReadOnlySpan(0, offset, length));
        Shared.Refused(BufferError.Invalid, () => import.GetSpan(offset, length));
        if (length is >= 0 and < 10_000)
        {
            Shared.Refused(BufferError.Invalid, () => import.TryRead(offset, new byte[length]));
        }
    }

    [TestCase(0L, 0)]
    [TestCase(4096L, 0)]
    [TestCase(4096L, -1)]
    [TestCase(1L, 4095)]
    public void PartsAtTheEnds_AreThere(long offset, int length)
    {
        using Shared shared = new();
        shared.Queue.Request(1, Shared.Page);
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        BufferImport import = shared.Export(0, peer, importer);
        int expected = length < 0 ? 0 : length;
        Assert.That(shared.Queue.GetSpan(0, offset, length).Length, Is.EqualTo(expected));
        Assert.That(import.GetSpan(offset, length).Length, Is.EqualTo(expected));
        Assert.That(import.TryRead(offset, new byte[expected]), Is.True);
    }

    [Test]
    public void Revoked_ItReadsAsZeros_SaysSo_AndGivesNoSpans()
    {
        using Shared shared = new(new BufferQueueOptions { WritableExports = true });
        shared.Queue.Request(1, Shared.Page);
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        BufferImport import = shared.Export(0, peer, importer, BufferAccess.ReadWrite);
        Memory<byte> memory = import.GetMemory();
        shared.Queue.GetSpan(0).Fill(4);
        shared.Queue.Release(ReleaseMode.Revoke);

        Assert.Multiple(() =>
        {
            Assert.That(import.TryRead(0, new byte[10]), Is.False);
            Shared.Refused(BufferError.Revoked, () => import.Read(0, new byte[10]));
            Shared.Refused(BufferError.Revoked, () => import.GetSpan());
            Shared.Refused(BufferError.Revoked, () => import.GetWritableSpan());
            Shared.Refused(BufferError.Revoked, () => import.GetMemory());
            Shared.Refused(BufferError.Revoked, () => _ = memory.Span);
            Shared.Refused(BufferError.Revoked, () => memory.Pin());
            Assert.That(Shared.IsRevoked(import, TimeSpan.Zero), Is.True);
            Assert.That(import.IsReleased, Is.False, "released means readable");
            Assert.That(*import.DangerousGetPointer(), Is.Zero);
        });
        import.Dispose();
        import.Dispose();
        Assert.That(shared.Queue.WaitForReclaim(Shared.Soon), Is.True);
        Assert.That(() => import.GetSpan(), Throws.TypeOf<ObjectDisposedException>());
        Assert.That(() => import.TryRead(0, new byte[1]), Throws.TypeOf<ObjectDisposedException>());
    }

    /// <summary>However quick the importer is: what it is given is announced before it is sent.</summary>
    [Test]
    public void AnImport_IsGoodFromTheStart()
    {
        using Shared shared = new();
        (BufferPeer peer, BufferImporter importer) = shared.Connect(new BufferImporterOptions { Spin = TimeSpan.FromMilliseconds(1) });
        const int Rounds = 1000;
        int good = 0;
        Thread importing = new(() =>
        {
            for (int i = 0; i < Rounds && importer.TryImport(out BufferImport? import, Shared.Soon); i++)
            {
                good += import.IsRevoked ? 0 : 1;
                import.Dispose();
            }
        });
        importing.Start();
        for (int i = 0; i < Rounds; i++)
        {
            shared.Queue.Request(1, Shared.Page);
            shared.Queue.Export(0, peer);
            Shared.Eventually(() => peer.HeldBuffers == 0, "it has let go");
        }

        Assert.That(importing.Join(Shared.Soon), Is.True);
        Assert.That(good, Is.EqualTo(Rounds));
    }

    [Test]
    public void AnImportersEnd_RevokesWhatItHad()
    {
        using Shared shared = new();
        shared.Queue.Request(1, Shared.Page);
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        BufferImport import = shared.Export(0, peer, importer);
        importer.Dispose();
        Assert.That(import.IsRevoked, Is.True, "nobody vouches for it any more");
    }

    /// <summary>A reader that asks afterwards takes no half-zeroed contents for good, however the revocation falls.</summary>
    [Test]
    public void WhatWasReadBeforeTheQuestion_IsGood()
    {
        const int Pages = 64;
        using Shared shared = new(new BufferQueueOptions { MaxReleased = 200, ByteLimit = 64 << 20 });
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        int good = 0, lost = 0;
        for (int round = 1; round <= 60; round++)
        {
            byte mark = (byte)round;
            shared.Queue.Request(1, Pages * Shared.Page);
            shared.Queue.GetSpan(0).Fill(mark);
            BufferImport import = shared.Export(0, peer, importer);
            using ManualResetEventSlim began = new();
            Task reading = Task.Factory.StartNew(
                () =>
                {
                    byte[] copy = new byte[Pages * Shared.Page];
                    for (bool any = true; any;)
                    {
                        any = import.TryRead(0, copy);
                        began.Set();
                        good += any ? 1 : 0;
                        lost += any ? 0 : 1;
                        Assert.That(!any || copy.AsSpan().IndexOfAnyExcept(mark) < 0, Is.True, "zeros were taken for good");
                    }
                },
                TaskCreationOptions.LongRunning);
            began.Wait();
            Thread.SpinWait(round * 500);
            shared.Queue.Release(ReleaseMode.Revoke);
            Assert.That(reading.Wait(Shared.Soon), Is.True);
            import.Dispose();
        }

        Assert.That((good >= 60, lost), Is.EqualTo((true, 60)));
    }

    /// <summary>
    /// Read past the mapping: a touch of a page that is being dropped waits until the whole drop is done, a read of the file does not, and so sees the moment.
    /// </summary>
    [Test]
    public void ARevocation_IsAnnouncedBeforeAPageGoes()
    {
        const long Length = 16 << 20;
        using Shared shared = new();
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        for (int round = 0; round < 5; round++)
        {
            shared.Queue.Request(1, Length);
            shared.Queue.GetSpan(0).Fill(1);
            BufferImport import = shared.Export(0, peer, importer);
            using Barrier start = new(2);
            Task<bool> reading = Task.Factory.StartNew(
                () =>
                {
                    byte[] first = new byte[1];
                    start.SignalAndWait();
                    do
                    {
                        Assert.That(MemoryFiles.Read(import.File, 0, first), Is.EqualTo(1));
                    }
                    while (first[0] != 0);
                    return import.IsRevoked;
                },
                TaskCreationOptions.LongRunning);
            start.SignalAndWait();
            shared.Queue.Release(ReleaseMode.Revoke);
            Assert.That(reading.Wait(Shared.Soon) && reading.Result, Is.True, "zeros, and nobody has said so");
            import.Dispose();
        }
    }
}
