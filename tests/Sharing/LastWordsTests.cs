using System.Runtime.Versioning;
using MagAlloc.Sharing.Platform;
using MagAlloc.Tests.Platform;
using MagAlloc.Tests.Sharing.Support;

namespace MagAlloc.Tests.Sharing;

/// <summary>
/// What was said before an end counts behind it, although the system tells of the end first: who ends with something unread makes the other side's next receive an
/// error, and its next send another.
/// </summary>
[Platform("Linux")]
[SupportedOSPlatform("linux")]
public sealed class LastWordsTests
{
    private const int Rounds = 100;

    /// <summary>It acknowledges two of three frames, and dies without having read the third one.</summary>
    [TestCase(false)]
    [TestCase(true)]
    public void AnImportersAcknowledgements_AreNotLost(bool isFoundBySending)
    {
        using Shared shared = new();
        shared.Queue.Request(4, Shared.Page);
        shared.Queue.StreamOn();
        for (int round = 0; round < Rounds; round++)
        {
            RawImporter raw = RawImporter.Join(shared);
            SharingMessage[] exports = new SharingMessage[4];
            for (int i = 0; i < 4; i++)
            {
                exports[i] = raw.Take(shared, i, out FileDescriptor file);
                file.Dispose();
            }

            for (int i = 0; i < 3; i++)
            {
                shared.Queue.Queue(i);
            }

            for (int i = 0; i < 2; i++)
            {
                raw.Say(MessageKind.Acknowledged, exports[i] with { Sequence = raw.Hear(MessageKind.Frame).Sequence });
            }

            raw.Dispose();
            if (isFoundBySending)
            {
                shared.Queue.Queue(3);
            }

            for (int i = 0; i < 3; i++)
            {
                Assert.That(shared.Queue.TryDequeue(out CompletedBuffer completed, Shared.Soon), Is.True);
                Assert.That((completed.Index, completed.IsError), Is.EqualTo((i, i == 2)), $"round {round}");
            }

            // The fourth one was sent to nobody, or comes back like the third.
            shared.Queue.StreamOff();
            shared.Queue.StreamOn();
            Shared.Eventually(() => shared.Queue.GetStatistics().Importers == 0, "it is gone");
        }
    }

    /// <summary>The owner is gone, with or without something of the importer's unread; three frames are on their way.</summary>
    [TestCase(false)]
    [TestCase(true)]
    public void AnOwnersFrames_AreNotLost(bool hasReadAll)
    {
        for (int round = 0; round < Rounds; round++)
        {
            using RawOwner owner = new();
            using BufferImporter importer = owner.Meet();
            using FileDescriptor file = MemoryFile.Create(MemoryFiles.SealShrink | MemoryFiles.SealGrow);
            using FileDescriptor reader = MemoryFile.Reopen(file);
            SharingMessage export = owner.Export(0, 1, reader, MemoryFile.Bytes);
            Assert.That(importer.TryImport(out _, Shared.Soon), Is.True);
            for (int i = 1; i <= 3; i++)
            {
                owner.Send(export with { Kind = MessageKind.Frame, Sequence = i });
            }

            if (hasReadAll)
            {
                Assert.That(owner.Hear().Kind, Is.EqualTo(MessageKind.Imported));
            }

            owner.HangUp();
            for (int i = 1; i <= 3; i++)
            {
                Assert.That(importer.TryReceive(out BufferFrame frame, Shared.Soon), Is.True, $"frame {i} of round {round}");
                Assert.That(frame.Sequence, Is.EqualTo(i));
                Assert.DoesNotThrow(() => importer.Acknowledge(frame), "there is nobody to tell");
            }

            Assert.That(importer.TryReceive(out _, Shared.Soon), Is.False);
            Assert.That(importer.IsConnected, Is.False);
        }
    }
}
