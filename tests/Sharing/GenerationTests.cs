using System.Runtime.Versioning;
using MagAlloc.Sharing.Platform;
using MagAlloc.Tests.Platform;
using MagAlloc.Tests.Sharing.Support;

namespace MagAlloc.Tests.Sharing;

/// <summary>A place on the control page is used again, and what was said of its former life is not taken for the present one.</summary>
[Platform("Linux")]
[SupportedOSPlatform("linux")]
public sealed class GenerationTests
{
    // One place is used over and over: there is one buffer at a time.
    private static readonly BufferQueueOptions s_onePlace = new() { MaxBuffers = 1, MaxReleased = 0 };

    [Test]
    public void EachLifeOfAPlace_HasItsNumber()
    {
        using Shared shared = new(s_onePlace);
        using RawImporter raw = RawImporter.Join(shared);
        for (uint generation = 1; generation <= 5; generation++)
        {
            shared.Queue.Request(1, Shared.Page);
            SharingMessage export = raw.Take(shared, 0, out FileDescriptor file);
            Assert.That((export.Slot, export.Generation), Is.EqualTo((0, generation)));
            file.Dispose();
            shared.Queue.Release();
            Assert.That(shared.Queue.WaitForReclaim(Shared.Soon), Is.True);
        }
    }

    [Test]
    public void AnImportOfAFormerLife_IsNotGoodAgain()
    {
        using Shared shared = new(s_onePlace);
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        shared.Queue.Request(1, Shared.Page);
        BufferImport former = shared.Export(0, peer, importer);
        former.Dispose();
        shared.Queue.Request(1, Shared.Page);
        BufferImport present = shared.Export(0, peer, importer);
        Assert.That((former.IsRevoked, former.IsReleased), Is.EqualTo((true, false)));
        Assert.That(present.IsRevoked, Is.False);
        Assert.That(Shared.IsRevoked(former, TimeSpan.Zero), Is.True);
        former.Dispose();
        Assert.That(importer.Imports, Is.EqualTo(new[] { present }), "letting go of the former is not letting go of the present one");
    }

    [Test]
    public void AMappingOfAFormerLife_SaysRevoked_WhateverTheOwnerDoesWithThePlace()
    {
        using RawOwner owner = new();
        using BufferImporter importer = owner.Meet();
        using FileDescriptor file = MemoryFile.Create(MemoryFiles.SealShrink | MemoryFiles.SealGrow);
        owner.Export(3, 7, MemoryFile.Reopen(file), MemoryFile.Bytes);
        Assert.That(importer.TryImport(out BufferImport? import, Shared.Soon), Is.True);
        Assert.That(import!.TryRead(0, new byte[10]), Is.True);
        owner.Control.Publish(3, ControlWord.OfOrphan(7));
        Assert.That((import.IsRevoked, import.IsReleased), Is.EqualTo((false, true)));

        owner.Control.Publish(3, ControlWord.OfLive(8));
        Assert.That((import.IsRevoked, import.IsReleased), Is.EqualTo((true, false)));
        owner.Control.Publish(3, ControlWord.OfLive(7));
        Assert.That(import.IsRevoked, Is.True, "for good");
        Assert.That(import.TryRead(0, new byte[10]), Is.False);
    }

    [Test]
    public void FramesOfAFormerLife_AreLeftOut()
    {
        using RawOwner owner = new();
        using BufferImporter importer = owner.Meet();
        using FileDescriptor file = MemoryFile.Create(MemoryFiles.SealShrink | MemoryFiles.SealGrow);
        SharingMessage export = owner.Export(3, 7, MemoryFile.Reopen(file), MemoryFile.Bytes);
        Assert.That(importer.TryImport(out _, Shared.Soon), Is.True);
        owner.Send(export with { Kind = MessageKind.Frame, Generation = 6, Sequence = 1 });
        owner.Send(export with { Kind = MessageKind.Revoked, Generation = 6 });
        owner.Send(export with { Kind = MessageKind.Frame, Sequence = 2 });
        Assert.That(importer.TryReceive(out BufferFrame frame, Shared.Soon), Is.True);
        Assert.That((frame.Sequence, frame.Buffer.IsRevoked), Is.EqualTo((2L, false)));
    }

    [TestCase(nameof(MessageKind.LetGo))]
    [TestCase(nameof(MessageKind.Refused))]
    [TestCase(nameof(MessageKind.Imported))]
    [TestCase(nameof(MessageKind.Acknowledged))]
    public void WhatAnImporterSaysOfAFormerLife_IsNothingToThePresentOne(string said)
    {
        MessageKind kind = Enum.Parse<MessageKind>(said);
        using Shared shared = new(s_onePlace);
        using RawImporter raw = RawImporter.Join(shared);
        shared.Queue.Request(1, Shared.Page);
        SharingMessage former = raw.Take(shared, 0, out FileDescriptor file);
        file.Dispose();
        shared.Queue.Request(1, Shared.Page);
        shared.Queue.Export(0, raw.Peer);
        SharingMessage present = raw.HearExport(out file);
        shared.Queue.StreamOn();
        long sequence = shared.Queue.Queue(0);
        Assert.That(raw.Hear(MessageKind.Frame).Sequence, Is.EqualTo(sequence));

        raw.Say(kind, former with { Sequence = sequence });
        raw.Say(MessageKind.Acknowledged, present with { Sequence = 99 });
        Shared.Eventually(
            () => shared.Queue.GetStatistics().StaleAcknowledgements == (kind == MessageKind.Acknowledged ? 2 : 1), "the owner has heard both");
        Assert.That((raw.Peer.HeldBuffers, raw.Peer.Unread, shared.Queue.Query(0).State), Is.EqualTo((1, 1, BufferState.Active)));
        Assert.That(raw.Peer.IsConnected, Is.True, "it may have been under way");
        file.Dispose();
    }

    [Test]
    public void Numbers_AreNeverZero_AndComeRound()
    {
        SlotTable slots = new(2);
        Assert.That(slots.Count, Is.EqualTo(2));
        Assert.That((slots.Take(out uint first), first), Is.EqualTo((0, 1u)));
        Assert.That((slots.Take(out uint second), second), Is.EqualTo((1, 1u)));
        slots.Free(0);
        Assert.That((slots.Take(out uint again), again), Is.EqualTo((0, 2u)));
        Assert.That(ControlWord.IsReadable(ControlWord.Revoked, 0), Is.False, "a page of zeros says of every life that it is over");
        foreach (uint generation in new[] { 1u, 2u, uint.MaxValue })
        {
            Assert.That(ControlWord.IsReadable(ControlWord.OfLive(generation), generation), Is.True);
            Assert.That(ControlWord.IsReadable(ControlWord.OfOrphan(generation), generation), Is.True);
            Assert.That(ControlWord.IsReadable(ControlWord.OfLive(generation), generation + 1), Is.False);
            Assert.That(ControlWord.IsReadable((ulong)generation << 32, generation), Is.False);
            Assert.That(ControlWord.IsOrphan(ControlWord.OfLive(generation), generation), Is.False);
            Assert.That(ControlWord.IsOrphan(ControlWord.OfOrphan(generation), generation), Is.True);
        }
    }
}
