namespace MagAlloc.Platform;

/// <summary>The error numbers of Linux that somebody here tells apart; the same on all of its architectures that .NET runs on.</summary>
internal static class LinuxError
{
    internal const int NotPermitted = 1;
    internal const int NoSuchFile = 2;
    internal const int Interrupted = 4;
    internal const int BadDescriptor = 9;
    internal const int TryAgain = 11;
    internal const int OutOfMemory = 12;
    internal const int AccessDenied = 13;
    internal const int NoDevice = 19;
    internal const int InvalidArgument = 22;
    internal const int TooManyFilesInSystem = 23;
    internal const int TooManyFiles = 24;
    internal const int NoSpace = 28;
    internal const int BrokenPipe = 32;
    internal const int NoSuchOption = 92;
    internal const int NotSupported = 95;
    internal const int AddressInUse = 98;
    internal const int ConnectionReset = 104;
    internal const int NoBuffers = 105;
    internal const int TooManyReferences = 109;
    internal const int ConnectionRefused = 111;
}
