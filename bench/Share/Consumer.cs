using System.Diagnostics;
using System.Globalization;
using System.IO.MemoryMappedFiles;
using System.Runtime.Versioning;
using MagAlloc.Tooling.Commands;

namespace MagAlloc.Bench.Share;

/// <summary>The other process: this program, started as a consumer of frames. It ends with its standard input.</summary>
internal static class Consumer
{
    /// <summary>The argument that makes the program one.</summary>
    public const string Subcommand = "share-consumer";

    [SupportedOSPlatform("linux")]
    public static int Run(string[] args)
    {
        int bytes = int.Parse(args[2], CultureInfo.InvariantCulture);
        bool reads = bool.Parse(args[3]);
        int slots = int.Parse(args[4], CultureInfo.InvariantCulture);
        long sum = 0;
        switch (args[0])
        {
            case ShareContenders.Queue:
                TakeBuffers(args[1], reads, ref sum);
                break;
            case ShareContenders.MappedFile:
                TakeSlots(args[1], bytes, slots, reads, ref sum);
                break;
            default:
                TakeCopies(bytes, reads, ref sum);
                break;
        }

        GC.KeepAlive(sum);
        return ExitCode.Pass;
    }

    public static ProcessStartInfo Start(string contender, string address, int bytes, ShareWorkload workload)
    {
        ProcessStartInfo start = OwnProgram.Start(
            typeof(Consumer).Assembly,
            Subcommand,
            contender,
            address,
            bytes.ToString(CultureInfo.InvariantCulture),
            workload.Reads.ToString(),
            workload.Depth.ToString(CultureInfo.InvariantCulture));
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        return start;
    }

    [SupportedOSPlatform("linux")]
    private static void TakeBuffers(string address, bool reads, ref long sum)
    {
        using BufferImporter importer = BufferImporter.Connect(address);
        for (long number = 1; importer.TryReceive(out BufferFrame frame, Timeout.InfiniteTimeSpan); number++)
        {
            ShareFrame.Take(frame.Span, number, reads, ref sum);
            importer.Acknowledge(in frame);
        }
    }

    private static unsafe void TakeSlots(string path, int bytes, int slots, bool reads, ref long sum)
    {
        using MemoryMappedFile file = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
        using MemoryMappedViewAccessor view = file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        using Stream input = Console.OpenStandardInput();
        using Stream output = Console.OpenStandardOutput();
        byte* start = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        Span<byte> announced = stackalloc byte[1];
        for (long number = 1; input.Read(announced) == 1; number++)
        {
            ShareFrame.Take(new ReadOnlySpan<byte>(start + ((number - 1) % slots * bytes), bytes), number, reads, ref sum);
            output.Write(announced);
        }

        view.SafeMemoryMappedViewHandle.ReleasePointer();
    }

    private static void TakeCopies(int bytes, bool reads, ref long sum)
    {
        using Stream input = Console.OpenStandardInput();
        using Stream output = Console.OpenStandardOutput();
        byte[] frame = new byte[bytes];
        for (long number = 1; input.ReadAtLeast(frame, bytes, throwOnEndOfStream: false) == bytes; number++)
        {
            ShareFrame.Take(frame, number, reads, ref sum);
            output.WriteByte(1);
        }
    }
}
