using System.Runtime.Versioning;
using MagAlloc.Sharing.Platform;
using MagAlloc.Tests.Platform;
using MagAlloc.Tests.Sharing.Support;

namespace MagAlloc.Tests.Sharing;

/// <summary>Owners that talk nonsense, or never stop, or never answer.</summary>
[Platform("Linux")]
[SupportedOSPlatform("linux")]
public sealed class StubbornOwnerTests
{
    private static readonly TimeSpan s_generous = TimeSpan.FromSeconds(5);

    [Test]
    public void FramesOfWhatItHasNot_AndFramesTooLong_AreLeftOut()
    {
        using RawOwner owner = new();
        using BufferImporter importer = Import(owner, out SharingMessage export);
        SharingMessage frame = export with { Kind = MessageKind.Frame };
        owner.Send(frame with { Slot = 5, Sequence = 1 });
        owner.Send(frame with { Generation = 2, Sequence = 2 });
        owner.Send(frame with { Length = MemoryFile.Bytes + 1, Sequence = 3 });
        owner.Send(frame with { Length = -1, Sequence = 4 });
        owner.Send(frame with { Length = long.MinValue, Sequence = 5 });
        owner.Send(frame with { Length = 10, Sequence = 6 });
        Assert.That(importer.TryReceive(out BufferFrame received, Shared.Soon), Is.True);
        Assert.That((received.Sequence, received.Span.Length), Is.EqualTo((6L, 10)));
    }

    [Test]
    public void AnImportersWords_AndUnknownOnes_ArePassedOver()
    {
        using RawOwner owner = new();
        using BufferImporter importer = Import(owner, out SharingMessage export);
        foreach (int kind in new[] { 0, 1, 2, 4, 5, 7, 8, 11, 77, ushort.MaxValue })
        {
            owner.Send(export with { Kind = (MessageKind)kind });
        }

        owner.Send(export with { Kind = MessageKind.Frame, Sequence = 6 });
        Assert.That(importer.TryReceive(out BufferFrame received, Shared.Soon), Is.True);
        Assert.That((received.Sequence, received.Buffer.IsRevoked), Is.EqualTo((6L, false)));
    }

    [Test]
    public void DescriptorsThatComeUnasked_AreClosed()
    {
        using RawOwner owner = new();
        using BufferImporter importer = Import(owner, out SharingMessage export);
        using FileDescriptor gift = MemoryFile.Create();
        OpenFiles before = OpenFiles.Count();
        for (int i = 1; i <= 50; i++)
        {
            owner.Send(export with { Kind = MessageKind.Frame, Sequence = i }, gift);
            Assert.That(importer.TryReceive(out BufferFrame received, Shared.Soon), Is.True);
            Assert.That(received.Sequence, Is.EqualTo(i));
        }

        before.AssertNothingMore();
        using FileDescriptor reader = MemoryFile.Reopen(gift);
        SharingMessage message = export with { Slot = 1 };
        Assert.That(MemoryFiles.TryAddSeals(gift, MemoryFiles.SealShrink | MemoryFiles.SealGrow), Is.True);
        owner.Control.Publish(1, ControlWord.OfLive(1));
        Assert.That(RawMessage.TrySend(owner.Socket, SharingMessage.BytesOf(ref message), [reader, gift, gift, gift]), Is.True);
        Assert.That(importer.TryImport(out BufferImport? import, Shared.Soon), Is.True, "of several the first counts");
        Assert.That(OpenFiles.On(gift), Is.EqualTo(3), "the gift and the reader here, and the reader's duplicate there");
        import!.Dispose();
    }

    [Test]
    public void ARevocationThatIsOnlySaid_Counts()
    {
        using RawOwner owner = new();
        using BufferImporter importer = Import(owner, out SharingMessage export);
        BufferImport import = importer.Imports[0];
        owner.Send(export with { Kind = MessageKind.Frame, Sequence = 1 });
        owner.Send(export with { Kind = MessageKind.Revoked });
        Assert.That(importer.TryReceive(out BufferFrame frame, Shared.Soon), Is.True);
        Assert.That(importer.TryReceive(out _, TimeSpan.FromMilliseconds(20)), Is.False);
        Assert.That(import.IsRevoked, Is.True);
        Shared.Refused(BufferError.Revoked, () => _ = frame.Span);
    }

    [Test]
    public void FramesOfARevokedBuffer_AreLeftOut()
    {
        using RawOwner owner = new();
        using BufferImporter importer = Import(owner, out SharingMessage export);
        owner.Control.Revoke(0);
        owner.Send(export with { Kind = MessageKind.Frame, Sequence = 1 });
        Assert.That(importer.TryReceive(out _, TimeSpan.FromMilliseconds(20)), Is.False);
    }

    [TestCase(nameof(MessageKind.Frame))]
    [TestCase(nameof(MessageKind.Stopped))]
    public void OneThatNeverStopsTalking_KeepsAReceiverNoLongerThanItsTime(string kind)
    {
        using RawOwner owner = new();
        using BufferImporter importer = Import(owner, out SharingMessage export);
        SharingMessage message = export with { Kind = Enum.Parse<MessageKind>(kind), Sequence = long.MaxValue };
        bool stop = false;
        Thread[] talkers = [.. Enumerable.Range(0, 6).Select(_ => new Thread(() =>
        {
            MessageSocket.SetSendBuffer(owner.Socket, 4 << 20);
            while (!Volatile.Read(ref stop))
            {
                SharingMessage copy = message;
                MessageSocket.TrySend(owner.Socket, SharingMessage.BytesOf(ref copy));
            }
        }))];
        Array.ForEach(talkers, talker => talker.Start());
        try
        {
            for (int round = 0; round < 5; round++)
            {
                var watch = System.Diagnostics.Stopwatch.StartNew();
                Assert.That(importer.TryImport(out _, TimeSpan.FromMilliseconds(200)), Is.False);
                Assert.That(importer.TryImport(out _), Is.False);
                Assert.That(watch.Elapsed, Is.LessThan(s_generous));
            }
        }
        finally
        {
            Volatile.Write(ref stop, true);
            Array.ForEach(talkers, talker => talker.Join());
        }
    }

    /// <summary>An owner has a buffer acknowledged before it hands it over again: more frames than buffers are none.</summary>
    [Test]
    public void FramesWithoutEnd_AreNotKeptWithoutEnd()
    {
        using RawOwner owner = new();
        using BufferImporter importer = Import(owner, out SharingMessage export);
        for (int i = 1; i <= 100_000; i++)
        {
            owner.Send(export with { Kind = MessageKind.Frame, Sequence = i });
            Assert.That(importer.TryImport(out _), Is.False);
            if (!importer.IsConnected)
            {
                return;
            }
        }

        Assert.Fail("100,000 frames are kept");
    }

    [Test]
    public void AnOwnerThatDoesNotAccept_IsGivenUpInTime()
    {
        using BufferListener listener = new($"@magalloc-deaf-{Environment.ProcessId}");
        OpenFiles before = OpenFiles.Count();

        // More than can wait in line: those who gave up stand there until they are taken.
        Task trying = Task.Factory.StartNew(
            () =>
            {
                for (int i = 0; i < 80; i++)
                {
                    Shared.Refused(
                        BufferError.TryAgain,
                        () => BufferImporter.Connect(listener.Address, new BufferImporterOptions { ConnectTimeout = TimeSpan.FromMilliseconds(10) }));
                }
            },
            TaskCreationOptions.LongRunning);
        Assert.That(trying.Wait(TimeSpan.FromSeconds(20)), Is.True, "80 attempts of 10 ms");
        listener.Dispose();
        before.AssertNothingMore();
    }

    [Test]
    public void AnOwnerThatDoesNotRead_IsAnErrorAndNotAWaitForEver()
    {
        using RawOwner owner = new();
        using BufferImporter importer = Import(owner, out SharingMessage export);
        owner.Send(export with { Kind = MessageKind.Frame, Sequence = 1 });
        Assert.That(importer.TryReceive(out BufferFrame frame, Shared.Soon), Is.True);
        Task<BufferError> acknowledging = Task.Factory.StartNew(
            () =>
            {
                try
                {
                    while (true)
                    {
                        importer.Acknowledge(frame);
                    }
                }
                catch (BufferException e)
                {
                    return e.Error;
                }
            },
            TaskCreationOptions.LongRunning);
        Assert.That(acknowledging.Wait(TimeSpan.FromSeconds(20)), Is.True);
        Assert.That(acknowledging.Result, Is.EqualTo(BufferError.TryAgain));
        Assert.That(importer.IsConnected, Is.True, "it may read again");
        Task disposing = Task.Run(importer.Imports[0].Dispose);
        Assert.That(disposing.Wait(TimeSpan.FromSeconds(20)), Is.True);
        Assert.That(importer.IsConnected, Is.False, "who cannot tell that it lets go leaves");
    }

    [Test]
    public void WhereNobodyListens_NobodyIsMet()
    {
        OpenFiles before = OpenFiles.Count();
        BufferException refused = Assert.Throws<BufferException>(() => BufferImporter.Connect("@magalloc-nobody"))!;
        Assert.That(((int)refused.Error, refused.Message), Is.EqualTo((111, refused.Message)));
        Assert.That(refused.Message, Does.Contain("@magalloc-nobody"));
        refused = Assert.Throws<BufferException>(() => BufferImporter.Connect("/nowhere/at/all"))!;
        Assert.That((int)refused.Error, Is.EqualTo(2));
        before.AssertNothingMore();
    }

    private static BufferImporter Import(RawOwner owner, out SharingMessage export)
    {
        BufferImporter importer = owner.Meet();
        using FileDescriptor file = MemoryFile.Create(MemoryFiles.SealShrink | MemoryFiles.SealGrow);
        using FileDescriptor reader = MemoryFile.Reopen(file);
        export = owner.Export(0, 1, reader, MemoryFile.Bytes);
        Assert.That(importer.TryImport(out _, Shared.Soon), Is.True);
        Assert.That(owner.Hear().Kind, Is.EqualTo(MessageKind.Imported));
        return importer;
    }
}
