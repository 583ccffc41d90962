using System.Runtime.Versioning;
using MagAlloc.Bench.Share.Cells;

namespace MagAlloc.Bench.Share;

/// <summary>Ways to pass frames to another process.</summary>
[SupportedOSPlatform("linux")]
internal static class ShareContenders
{
    public const string Queue = "buffer-queue";
    public const string MappedFile = "mapped-file";
    public const string Pipe = "pipe-copy";

    public static IReadOnlyList<string> Names { get; } = [Queue, MappedFile, Pipe];

    public static ShareCell Enter(string name, ShareWorkload workload, int bytes) => name switch
    {
        Queue => new QueueCell(workload, bytes),
        MappedFile => new MappedFileCell(workload, bytes),
        _ => new PipeCell(workload, bytes),
    };
}
