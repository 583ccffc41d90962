using System.Runtime.Versioning;
using MagAlloc.Platform;
using MagAlloc.Sharing.Platform;

namespace MagAlloc.Sharing;

/// <summary>The right to a path: a lock on a file beside it, <c>PATH.lock</c>, held for as long as this lives.</summary>
/// <remarks>
/// <para>Whether somebody listens at a socket cannot be asked without disturbing him, and the answer is old when it comes: two that start at once both
/// find a path that nobody listens at, and one replaces the other's socket. A lock is had by one, and goes with its process, however that ends.</para>
/// <para><b>The file.</b> Its holder deletes it before it gives the lock back, and nobody else ever does. So a lock counts only if the file that is
/// locked is still the one that is at the path: who opened it before it was deleted gets the lock of a file that is gone, sees that, and begins anew.
/// A holder that is killed leaves the file behind, unlocked: the next one locks it as it is. So does who is refused the lock itself, for it may be
/// another's by then. Between an opening and a look at the path one holder can have gone and another come, so at any
/// moment at most one lock is on the file at the path, and only its holder can take that away.</para>
/// </remarks>
[SupportedOSPlatform("linux")]
internal sealed class PathLock : IDisposable
{
    private const string Suffix = ".lock";

    // Each is the whole life of another holder. Who meets so many is kept busy on purpose.
    private const int MostAttempts = 1000;

    private readonly string _path;
    private readonly FileDescriptor _file;

    private PathLock(string path, FileDescriptor file)
    {
        _path = path;
        _file = file;
    }

    /// <param name="address">What callers call the path.</param>
    /// <param name="path">The path, from the root.</param>
    /// <param name="faults">A plan by which it fails.</param>
    /// <exception cref="BufferException"><see cref="BufferError.AddressInUse"/>: somebody has it; others: the system refused.</exception>
    public static PathLock Take(string address, string path, FaultPlan? faults)
    {
        for (int attempt = 0; attempt < MostAttempts; attempt++)
        {
            FileDescriptor file = (FileSteps.Fails(faults, FaultPoint.PathLock) ? null : LockFile.Open(path + Suffix))
                ?? throw BufferException.LastRefused(address, $"open of {path}{Suffix}");
            if (!MemoryFiles.TryGetStatus(file, out FileStatus status) || !status.IsEmptyFile)
            {
                // Its holder would delete it at the end.
                file.Dispose();
                throw new BufferException(
                    BufferError.AddressInUse,
                    $"{address}: {path}{Suffix} is no lock of a listener's, and is left alone. Move it, or choose another address.");
            }

            if (FileSteps.Fails(faults, FaultPoint.PathLock) || !LockFile.TryLock(file))
            {
                int error = VirtualMemory.LastError;
                file.Dispose();
                throw error == LinuxError.TryAgain ? InUse(address, path) : BufferException.Refused(address, $"flock of {path}{Suffix}", error);
            }

            if (IsAt(path + Suffix, file))
            {
                return new PathLock(path + Suffix, file);
            }

            file.Dispose();
        }

        throw InUse(address, path);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (IsAt(_path, _file))
        {
            // Its folder may be gone, or not ours any more: the file is left, and the next one takes it.
            LockFile.TryDelete(_path);
        }

        LockFile.Unlock(_file);
        _file.Dispose();
    }

    private static bool IsAt(string path, FileDescriptor file)
        => MemoryFiles.TryGetStatus(file, out FileStatus own) && MemoryFiles.TryGetStatusAt(path, out FileStatus present) && own.Identity == present.Identity;

    private static BufferException InUse(string address, string path)
        => new(
            BufferError.AddressInUse,
            $"{address}: another process, or another listener of this one, listens here, or keeps {path}{Suffix} open under a lock. End it, or choose another address.");
}
