using System.Runtime.Versioning;
using MagAlloc.Platform;
using MagAlloc.Sharing.Platform;
using MagAlloc.Tests.Platform;
using MagAlloc.Tests.Sharing.Support;

namespace MagAlloc.Tests.Sharing;

/// <summary>
/// An importer does with its descriptors whatever the kernel lets a process of the same user do: none of it makes the owner wait. What would hold it
/// up longest is a lease, which whoever opens the file waits for: 45 seconds.
/// </summary>
[Platform("Linux")]
[SupportedOSPlatform("linux")]
[NonParallelizable]
public sealed unsafe class LockingImporterTests
{
    private const long Length = 4 * Shared.Page;

    private readonly List<IDisposable> _taken = [];
    private readonly List<nuint> _mappings = [];

    [TearDown]
    public void LetGo()
    {
        _taken.ForEach(one => one.Dispose());
        _taken.Clear();
        _mappings.ForEach(mapping => FileMapping.TryUnmap((byte*)mapping, (nuint)Length));
        _mappings.Clear();
    }

    private static IEnumerable<TestCaseData> Doings()
    {
        (string Name, Action<LockingImporterTests, FileDescriptor> Act)[] all =
        [
            ("a lease for writing", (_, file) => ImporterCalls.TryLease(file, ImporterCalls.WriteLease)),
            ("a lease for reading", (_, file) => ImporterCalls.TryLease(file, ImporterCalls.ReadLease)),
            ("a lock of the file", (_, file) => ImporterCalls.Flock(file)),
            ("a lock of a range for reading", (_, file) => ImporterCalls.LockRange(file, writing: false)),
            ("a lock of a range for writing", (_, file) => ImporterCalls.LockRange(file, writing: true)),
            ("signals", (_, file) => ImporterCalls.AskForSignals(file)),
            ("seals", (_, file) => ImporterCalls.SealAll(file)),
            ("pages in a pipe", (test, file) => test._taken.AddRange(ImporterCalls.SpliceAway(file))),
            ("a pipe's contents in it", (test, file) => test._taken.AddRange(ImporterCalls.SpliceIn(file))),
            ("many mappings", (test, file) => test.Map(file, 500)),
            ("locked memory", (test, file) => test.LockInMemory(file)),
        ];
        foreach ((string name, Action<LockingImporterTests, FileDescriptor> act) in all)
        {
            yield return new TestCaseData(act, false).SetArgDisplayNames(name);
            yield return new TestCaseData(act, true).SetArgDisplayNames($"{name}, opened for writing");
        }
    }

    [TestCaseSource(nameof(Doings))]
    public void Nothing_MakesTheOwnerWait(Delegate act, bool isReopened)
    {
        using Shared shared = new(new BufferQueueOptions { WritableExports = true, TrustImporters = true });
        using FileDescriptor socket = RawImporter.Dial(shared.Address);
        Assert.That(RawImporter.TrySay(socket, RawImporter.Hello(SharingMessage.AcceptsRevocable)), Is.True);
        BufferPeer peer = shared.Queue.Accept(shared.Listener, Shared.Soon)!;
        List<FileDescriptor> files = [Take(socket)];
        for (int i = 0; i < 4; i++)
        {
            shared.Queue.Create(1, Length, i switch { 2 => BufferProfile.Revocable, 3 => BufferProfile.Immutable, _ => BufferProfile.Stable });
            if (i == 3)
            {
                shared.Queue.Freeze(3);
            }

            shared.Queue.Export(i, peer, i == 1 ? BufferAccess.ReadWrite : BufferAccess.ReadOnly);
            files.Add(Take(socket));
        }

        if (isReopened)
        {
            // What one of the same user can make of what it was given.
            List<FileDescriptor> given = files;
            files = given.ConvertAll(file => MemoryFile.Reopen(file, writable: true));
            given.ForEach(file => file.Dispose());
        }

        _taken.AddRange(files);
        files.ForEach(file => ((Action<LockingImporterTests, FileDescriptor>)act)(this, file));
        Task owner = Task.Run(() => DoEverything(shared));
        Assert.That(owner.Wait(Shared.Soon), Is.True, "the owner waits for an importer");
        LetGo();
        Assert.That(shared.Queue.WaitForReclaim(Shared.Soon), Is.True, "and gets all of it back");
    }

    /// <summary>The way in which it could have been: the file is opened while another one has a lease on it.</summary>
    [Test]
    public void AnOpening_DoesNotWaitForALease([Values] bool writable)
    {
        using FileDescriptor file = MemoryFile.Create();
        FileDescriptor holder = MemoryFile.Reopen(file);
        Assert.That(ImporterCalls.TryLease(holder, ImporterCalls.WriteLease), Is.True);
        Task<int> opening = Task.Run(() => MemoryFile.ErrorOf(MemoryFiles.Reopen(file, writable) is not null));
        bool isDone = opening.Wait(Shared.Soon);
        holder.Dispose();
        Assert.That((isDone, opening.Result), Is.EqualTo((true, LinuxError.TryAgain)));
    }

    /// <summary>There is a description of the owner's, opened for writing, of whatever importers have: so the kernel grants nobody a lease on it.</summary>
    [Test]
    public void OfABuffer_NobodyGetsALease([Values] BufferProfile profile)
    {
        using Shared shared = new(new BufferQueueOptions { TrustImporters = true });
        using RawImporter raw = RawImporter.Join(shared, SharingMessage.AcceptsRevocable);
        shared.Queue.Request(1, Length, profile);
        if (profile == BufferProfile.Immutable)
        {
            shared.Queue.Freeze(0);
        }

        raw.Take(shared, 0, out FileDescriptor file);
        Assert.That((ImporterCalls.TryLease(file, ImporterCalls.WriteLease), ImporterCalls.TryLease(file, ImporterCalls.ReadLease)), Is.EqualTo((false, false)));
        file.Dispose();
    }

    private static void DoEverything(Shared shared)
    {
        (BufferPeer peer, BufferImporter importer) = shared.Connect(new BufferImporterOptions { AcceptRevocable = true });
        for (int i = 0; i < 4; i++)
        {
            shared.Export(i, peer, importer);
            Assert.That(shared.Queue.Query(i).IsHeld, Is.True);
        }

        shared.Queue.StreamOn();
        shared.Queue.Queue(0);
        Assert.That(importer.TryReceive(out BufferFrame frame, Shared.Soon), Is.True);
        importer.Acknowledge(in frame);
        shared.Queue.StreamOff();
        Shared.Refused(BufferError.Busy, () => shared.Queue.Release(ReleaseMode.Strict));
        Assert.That(shared.Queue.Remove(0, 1).Orphaned, Is.EqualTo(1));
        Assert.That(shared.Queue.RevokeOrphans(), Is.EqualTo(1));
        Shared.Refused(BufferError.NotPermitted, () => shared.Queue.Release(ReleaseMode.Revoke));
        importer.Dispose();
        Assert.That(shared.Queue.Request(2, Length), Is.EqualTo(2));
        shared.Queue.Release();
    }

    private static FileDescriptor Take(FileDescriptor socket)
    {
        PollSet set = new();
        set.Add(socket, forReading: true);
        Assert.That(set.Wait((int)Shared.Soon.TotalMilliseconds), Is.True);
        SharingMessage message = default;
        MessageSocket.Receive(socket, SharingMessage.BytesOf(ref message), out FileDescriptor? file);
        if (message.Kind == MessageKind.Export)
        {
            message.Kind = MessageKind.Imported;
            RawImporter.TrySay(socket, message);
        }

        return file!;
    }

    private void LockInMemory(FileDescriptor file)
    {
        Map(file, 1);
        ImporterCalls.LockInMemory((byte*)_mappings[^1], Length);
    }

    private void Map(FileDescriptor file, int times)
    {
        for (int i = 0; i < times; i++)
        {
            // Of the control page, which is shorter, a part has nothing behind it; nobody touches it.
            byte* mapping = FileMapping.Map(file, (nuint)Length, writable: false, 0);
            Assert.That(mapping != null, Is.True);
            _mappings.Add((nuint)mapping);
        }
    }
}
