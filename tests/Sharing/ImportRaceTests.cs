using System.Runtime.Versioning;
using MagAlloc.Tests.Platform;
using MagAlloc.Tests.Sharing.Support;

namespace MagAlloc.Tests.Sharing;

/// <summary>Disposals on one thread, uses on another.</summary>
[Platform("Linux")]
[SupportedOSPlatform("linux")]
public sealed class ImportRaceTests
{
    private const int Rounds = 100;
    private const long Length = 64 * Shared.Page;

    /// <summary>A copy out of memory that is unmapped under it would end this process.</summary>
    [Test]
    public void ACopyOutOfAnImportThatIsDisposedOf_IsWholeOrRefused()
    {
        using Shared shared = new();
        shared.Queue.Request(1, Length);
        shared.Queue.GetSpan(0).Fill(7);
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        for (int round = 0; round < Rounds; round++)
        {
            BufferImport import = shared.Export(0, peer, importer);
            using Barrier start = new(2);
            Task<bool> reader = Task.Run(() =>
            {
                byte[] copy = new byte[Length];
                bool areGood = true;
                start.SignalAndWait();
                try
                {
                    while (true)
                    {
                        areGood &= import.TryRead(0, copy) && copy.AsSpan().IndexOfAnyExcept((byte)7) == -1;
                    }
                }
                catch (ObjectDisposedException)
                {
                    return areGood;
                }
            });
            start.SignalAndWait();
            Thread.SpinWait(round * 200);
            import.Dispose();
            Assert.That(reader.Wait(Shared.Soon) && reader.Result, Is.True, $"round {round}");
            Shared.Eventually(() => peer.HeldBuffers == 0, "the owner hears of it, once the copy is done");
        }

        Assert.That(shared.Queue.GetStatistics().FalseReleases, Is.Zero);
    }

    /// <summary>What comes in while the importer is disposed of is nobody's to unmap afterwards.</summary>
    [Test]
    public void ABufferThatComesInDuringADisposal_DoesNotStay()
    {
        OpenFiles before = OpenFiles.Count();
        using (Shared shared = new())
        {
            shared.Queue.Request(16, Shared.Page);
            for (int round = 0; round < Rounds; round++)
            {
                (BufferPeer peer, BufferImporter importer) = shared.Connect();
                Task receiver = Task.Run(() =>
                {
                    while (importer.IsConnected)
                    {
                        importer.TryImport(out _, TimeSpan.FromMilliseconds(1));
                    }
                });
                int disposed = round % 16;
                for (int i = 0; i < 16 && peer.IsConnected; i++)
                {
                    if (i == disposed)
                    {
                        ThreadPool.QueueUserWorkItem(_ => importer.Dispose());
                    }

                    try
                    {
                        shared.Queue.Export(i, peer);
                    }
                    catch (BufferException e) when (e.Error == BufferError.Ended)
                    {
                        break;
                    }
                }

                Assert.That(receiver.Wait(Shared.Soon), Is.True);
                Shared.Eventually(() => !peer.IsConnected, "it is gone");
            }

            Shared.Eventually(() => Enumerable.Range(0, 16).All(i => !shared.Queue.Query(i).IsHeld), "nothing is held any more");
        }

        before.AssertNothingMore();
    }
}
