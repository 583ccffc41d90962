using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using MagAlloc.Sharing.Platform;

namespace MagAlloc.Tests.Sharing.Support;

/// <summary>What a process can do with a descriptor that it was given, and the engine never does.</summary>
[SupportedOSPlatform("linux")]
internal static unsafe partial class ImporterCalls
{
    public const int ReadLease = 0;
    public const int WriteLease = 1;

    private const int SetFlags = 4;
    private const int SetOwner = 8;
    private const int SetSignal = 10;
    private const int OfdLock = 37;
    private const int Lease = 1024;
    private const int Notify = 1026;
    private const int AddSeals = 1033;

    // Ignored unless somebody handles it: the signal of a lease that is broken would end the tests.
    private const int Harmless = 23;

    /// <returns>Whether it was granted. It lasts until the description ends.</returns>
    public static bool TryLease(FileDescriptor file, int kind)
        => LinuxCalls.Control(file, SetSignal, Harmless) == 0 && LinuxCalls.Control(file, Lease, kind) == 0;

    public static void Flock(FileDescriptor file) => LinuxCalls.Lock(file, 2 | 4);

    public static void LockRange(FileDescriptor file, bool writing)
    {
        // struct flock: kind, whence, start, length, process.
        long* range = stackalloc long[4];
        new Span<long>(range, 4).Clear();
        *(short*)range = (short)(writing ? 1 : 0);
        Control(file, OfdLock, range);
    }

    public static void AskForSignals(FileDescriptor file)
    {
        const int Async = 0x2000;
        LinuxCalls.Control(file, SetSignal, Harmless);
        LinuxCalls.Control(file, SetOwner, Environment.ProcessId);
        LinuxCalls.Control(file, SetFlags, Async);
        LinuxCalls.Control(file, Notify, 0x3f);
    }

    public static void SealAll(FileDescriptor file)
    {
        foreach (int seal in new[] { 0x2, 0x4, 0x8, 0x10, 0x20, 0x1 })
        {
            LinuxCalls.Control(file, AddSeals, seal);
        }
    }

    /// <summary>The file's pages in a pipe that nobody reads.</summary>
    public static FileDescriptor[] SpliceAway(FileDescriptor file)
    {
        int* ends = stackalloc int[2];
        Assert.That(Pipe(ends, 0x80000), Is.Zero);
        FileDescriptor[] pipe = [new(ends[0]), new(ends[1])];
        long offset = 0;
        Splice(file, &offset, pipe[1], null, 1 << 16, 2);
        return pipe;
    }

    /// <summary>From a pipe into the file, as far as it may be written to.</summary>
    public static FileDescriptor[] SpliceIn(FileDescriptor file)
    {
        int* ends = stackalloc int[2];
        Assert.That(Pipe(ends, 0x80000), Is.Zero);
        FileDescriptor[] pipe = [new(ends[0]), new(ends[1])];
        byte* bytes = stackalloc byte[100];
        LinuxCalls.Write(pipe[1], bytes, 100);

        // Behind the words of the control page, with which one of the same user can deceive other importers, and them only.
        long offset = 2000;
        Splice(pipe[0], null, file, &offset, 100, 2);
        return pipe;
    }

    public static void LockInMemory(byte* mapping, long bytes) => _ = LockPages(mapping, (nuint)bytes);

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int Control(FileDescriptor file, int command, void* argument);

    [LibraryImport("libc", EntryPoint = "pipe2")]
    private static partial int Pipe(int* ends, int flags);

    [LibraryImport("libc", EntryPoint = "splice")]
    private static partial nint Splice(FileDescriptor from, long* fromOffset, FileDescriptor to, long* toOffset, nuint bytes, uint flags);

    [LibraryImport("libc", EntryPoint = "mlock")]
    private static partial int LockPages(byte* address, nuint bytes);
}
