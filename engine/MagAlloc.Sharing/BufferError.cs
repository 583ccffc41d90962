using System.Diagnostics.CodeAnalysis;

namespace MagAlloc.Sharing;

/// <summary>Why an operation on buffers was refused. Values are Linux's error numbers; what the system refused carries the system's own.</summary>
[SuppressMessage("Design", "CA1008", Justification = "There is no refusal without a reason.")]
public enum BufferError
{
    /// <summary><c>EPERM</c>: an immutable buffer, or one that is in a dma-buf, cannot be revoked.</summary>
    NotPermitted = 1,

    /// <summary><c>EIO</c>: the queue was put into error (<see cref="BufferQueue.Abort"/>).</summary>
    QueueFailed = 5,

    /// <summary><c>EBADF</c>: what was received is no memory file.</summary>
    BadDescriptor = 9,

    /// <summary><c>EAGAIN</c>: not now.</summary>
    TryAgain = 11,

    /// <summary><c>ENOMEM</c>: no memory, also if only fewer buffers than the minimum could be made.</summary>
    OutOfMemory = 12,

    /// <summary><c>EACCES</c>: writing to what is for reading only, or exported so.</summary>
    AccessDenied = 13,

    /// <summary><c>EBUSY</c>: another handle owns the queue, the stream is on, a buffer is under way, or importers hold it.</summary>
    Busy = 16,

    /// <summary><c>ENODEV</c>: the buffer was revoked.</summary>
    Revoked = 19,

    /// <summary><c>EINVAL</c>: an argument is out of range, or the stream is in another state.</summary>
    Invalid = 22,

    /// <summary><c>ENFILE</c>: the system has no descriptor left.</summary>
    TooManyFilesInSystem = 23,

    /// <summary><c>EMFILE</c>: the process has no descriptor left.</summary>
    TooManyFiles = 24,

    /// <summary><c>EPIPE</c>: the other end is gone, or the last frame was dequeued.</summary>
    Ended = 32,

    /// <summary><c>EOPNOTSUPP</c>: the importer did not announce that it can, or the system cannot.</summary>
    NotSupported = 95,

    /// <summary><c>EADDRINUSE</c>: a listener has the address, or something that is no socket lies there.</summary>
    AddressInUse = 98,

    /// <summary><c>ENOBUFS</c>: there is no place for another buffer.</summary>
    NoBuffers = 105,

    /// <summary><c>EDQUOT</c>: a quota of bytes, or of an importer, would be exceeded.</summary>
    QuotaExceeded = 122,
}
