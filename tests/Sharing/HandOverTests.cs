using System.Runtime.Versioning;
using MagAlloc.Tests.Sharing.Support;

namespace MagAlloc.Tests.Sharing;

/// <summary>Frames from owner to importer and back.</summary>
[Platform("Linux")]
[SupportedOSPlatform("linux")]
public sealed class HandOverTests
{
    [Test]
    public void AFrame_IsReadInPlace_AndComesBack()
    {
        using Shared shared = new();
        shared.Queue.Request(2, Shared.Page);
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        shared.Queue.Export(0, peer);
        shared.Queue.Export(1, peer);
        shared.Queue.StreamOn();
        shared.Queue.GetSpan(1)[..100].Fill(7);

        long sequence = shared.Queue.Queue(1, bytesUsed: 100);
        Assert.That(importer.TryReceive(out BufferFrame frame, Shared.Soon), Is.True);
        Assert.Multiple(() =>
        {
            Assert.That(shared.Queue.Query(1).State, Is.EqualTo(BufferState.Active));
            Assert.That(frame.Buffer.Index, Is.EqualTo(1));
            Assert.That(frame.Sequence, Is.EqualTo(sequence));
            Assert.That(frame.BytesUsed, Is.EqualTo(100));
            Assert.That(frame.Span.Length, Is.EqualTo(100));
            Assert.That(frame.Span.IndexOfAnyExcept((byte)7), Is.EqualTo(-1));
        });

        importer.Acknowledge(frame);
        Assert.That(shared.Queue.TryDequeue(out CompletedBuffer completed, Shared.Soon), Is.True);
        Assert.That(completed, Is.EqualTo(new CompletedBuffer(1, sequence, 100, IsError: false, IsLast: false)));
        Assert.That(shared.Queue.Query(1).State, Is.EqualTo(BufferState.Dequeued));
    }

    [Test]
    public void ManyFrames_ThroughTwoThreads_KeepTheirOrder()
    {
        using Shared shared = new();
        shared.Queue.Request(4, Shared.Page);
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        for (int i = 0; i < 4; i++)
        {
            shared.Queue.Export(i, peer);
        }

        shared.Queue.StreamOn();
        const int Frames = 20_000;
        long wrong = 0;
        Thread consumer = new(() =>
        {
            for (long expected = 1; expected <= Frames && importer.TryReceive(out BufferFrame frame, Shared.Soon); expected++)
            {
                wrong += frame.Sequence != expected || BitConverter.ToInt64(frame.Span) != expected ? 1 : 0;
                importer.Acknowledge(frame);
            }
        });
        consumer.Start();
        long sent = 0, back = 0;
        Queue<int> free = new(Enumerable.Range(0, 4));
        while (back < Frames)
        {
            while (sent < Frames && free.TryDequeue(out int index))
            {
                BitConverter.TryWriteBytes(shared.Queue.GetSpan(index), ++sent);
                shared.Queue.Queue(index, bytesUsed: 8);
            }

            Assert.That(shared.Queue.TryDequeue(out CompletedBuffer completed, Shared.Soon), Is.True);
            back++;
            wrong += completed.Sequence != back ? 1 : 0;
            free.Enqueue(completed.Index);
        }

        consumer.Join();
        Assert.That(wrong, Is.Zero);
        Assert.That(shared.Queue.GetStatistics().Acknowledgements, Is.EqualTo(Frames));
    }

    [Test]
    public void AReleasedBuffer_IsAnOrphan_AndReclaimedWhenTheImporterLetsGo()
    {
        using Shared shared = new();
        shared.Queue.Request(1, 10 * Shared.Page);
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        BufferImport import = shared.Export(0, peer, importer);
        shared.Queue.GetSpan(0).Fill(3);

        ReleaseResult result = shared.Queue.Release();
        Assert.That(result, Is.EqualTo(new ReleaseResult(0, 1, 10 * Shared.Page, 0)));
        Assert.That(import.GetSpan().IndexOfAnyExcept((byte)3), Is.EqualTo(-1));
        Assert.That(import.IsReleased, Is.True);

        import.Dispose();
        Assert.That(shared.Queue.WaitForReclaim(Shared.Soon), Is.True);
        Assert.That(shared.Queue.GetStatistics(), Is.EqualTo(shared.Queue.GetStatistics() with { OrphanedBuffers = 0, OrphanedBytes = 0, Reclaims = 1 }));
    }

    [Test]
    public void ARevokedBuffer_ReadsAsZeros_AndSaysSo()
    {
        using Shared shared = new();
        shared.Queue.Request(1, 10 * Shared.Page);
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        BufferImport import = shared.Export(0, peer, importer);
        shared.Queue.GetSpan(0).Fill(3);
        ReadOnlySpan<byte> before = import.GetSpan();

        ReleaseResult result = shared.Queue.Release(ReleaseMode.Revoke);
        Assert.That(result, Is.EqualTo(new ReleaseResult(0, 0, 0, 1)));
        Assert.That(before.IndexOfAnyExcept((byte)0), Is.EqualTo(-1));
        Assert.That(import.IsRevoked, Is.True);
        Shared.Refused(BufferError.Revoked, () => import.GetSpan());
        Assert.That(shared.Queue.GetStatistics().RevokedBuffers, Is.EqualTo(1));
        Shared.Eventually(() => shared.Queue.GetStatistics().Reinflations > 0, "the read above brought pages back");
    }
}
