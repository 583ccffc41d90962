using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using MagAlloc.Sharing.Platform;
using MagAlloc.Tests.Platform;
using MagAlloc.Tests.Sharing.Support;

namespace MagAlloc.Tests.Sharing;

/// <summary>
/// Whatever an owner sends for a buffer, of whatever profile: an importer takes what is sealed as the profile promises, and nothing that could be cut
/// off, or taken out, from under a reader. Files of reserved huge pages are in <see cref="SharedHugePageTests"/>.
/// </summary>
[Platform("Linux")]
[SupportedOSPlatform("linux")]
public sealed partial class ForeignFileTests
{
    private const int Shrink = MemoryFiles.SealShrink;
    private const int Grow = MemoryFiles.SealGrow;
    private const int Write = MemoryFiles.SealWrite;

    private const BufferProfile S = BufferProfile.Stable;
    private const BufferProfile R = BufferProfile.Revocable;
    private const BufferProfile I = BufferProfile.Immutable;

    private static IEnumerable<TestCaseData> Files()
    {
        yield return Case("sealed for good", () => Memory(Shrink | Grow | Write), S, R, I);
        yield return Case("sealed in length", () => Memory(Shrink | Grow), S, R);
        yield return Case("that can shrink", () => Memory(Grow), R);
        yield return Case("that can shrink, and not change", () => Memory(Grow | Write), R);
        yield return Case("that can grow", () => Memory(Shrink | Write));
        yield return Case("without seals", () => Memory(0));
        yield return Case("in /dev/shm", () => OnDisk("/dev/shm"));
        yield return Case("on a disk", () => OnDisk(Path.GetTempPath()));
        yield return Case("of the kernel's", () => Open("/proc/self/status"));
        yield return Case("of zeros", () => Open("/dev/zero"));
        yield return Case("a folder", () => Open("/"));
        yield return Case("a pipe", Pipe);
        yield return Case("a bell", () => Doorbell.Create()!);
        yield return Case("secret memory", SecretMemory);
        yield return Case("only a path", PathOnly);

        static TestCaseData Case(string name, Func<FileDescriptor?> make, params BufferProfile[] taken) => new TestCaseData(make, taken).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(Files))]
    public void WhatIsTaken(Delegate make, BufferProfile[] taken)
    {
        foreach (BufferProfile profile in Enum.GetValues<BufferProfile>())
        {
            using RawOwner owner = new();
            using BufferImporter importer = owner.Meet(new BufferImporterOptions { AcceptRevocable = true });
            using FileDescriptor? file = ((Func<FileDescriptor?>)make)();
            if (file is null)
            {
                // memfd_secret, of Linux 5.14, is often switched off (secretmem.enable): an importer cannot be sent what no process can make.
                Assert.Ignore("this kernel makes no such files, so that no owner can send one");
            }

            OpenFiles before = OpenFiles.Count();
            owner.Export(0, 1, file, MemoryFile.Bytes, profile);
            try
            {
                Assert.That(importer.TryImport(out BufferImport? import, Shared.Soon), Is.True);
                Assert.That(taken, Does.Contain(profile), "it should have been refused");
                Assert.That(import!.TryRead(0, new byte[MemoryFile.Bytes]), Is.True);
                import.Dispose();
            }
            catch (BufferException e) when (e.Error is BufferError.Invalid or BufferError.BadDescriptor)
            {
                Assert.That(taken, Does.Not.Contain(profile), e.Message);
            }

            before.AssertNothingMore();
        }
    }

    private static FileDescriptor Memory(int seals)
    {
        using FileDescriptor file = MemoryFile.Create(seals);
        return MemoryFile.Reopen(file);
    }

    private static FileDescriptor OnDisk(string folder)
    {
        string path = Path.Combine(folder, $"magalloc-{Environment.ProcessId}");
        File.WriteAllBytes(path, new byte[MemoryFile.Bytes]);
        FileDescriptor file = Open(path);
        File.Delete(path);
        return file;
    }

    private static FileDescriptor Open(string path, int flags = 0)
    {
        int number = LinuxCalls.Open(path, 0x80000 | flags, 0);
        Assert.That(number, Is.Not.Negative, path);
        return new FileDescriptor(number);
    }

    private static FileDescriptor PathOnly()
    {
        const int PathFlag = 0x200000;
        using FileDescriptor file = MemoryFile.Create(Shrink | Grow | Write);
        return Open($"/proc/self/fd/{file.Number}", PathFlag);
    }

    private static unsafe FileDescriptor Pipe()
    {
        int* ends = stackalloc int[2];
        Assert.That(MakePipe(ends, 0x80000), Is.Zero);
        new FileDescriptor(ends[1]).Dispose();
        return new FileDescriptor(ends[0]);
    }

    private static FileDescriptor? SecretMemory()
    {
        int number = (int)MakeSecret(447, 0);
        return number < 0 ? null : new FileDescriptor(number);
    }

    [LibraryImport("libc", EntryPoint = "pipe2")]
    private static unsafe partial int MakePipe(int* ends, int flags);

    [LibraryImport("libc", EntryPoint = "syscall")]
    private static partial nint MakeSecret(nint number, uint flags);
}
