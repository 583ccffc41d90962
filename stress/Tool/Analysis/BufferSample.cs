using MagAlloc.Tool.Analysis.Reading;

namespace MagAlloc.Tool.Analysis;

/// <summary>What a queue of exportable buffers said of itself at one moment (event BufferStatistics), beside its <see cref="OwnerSample"/>.</summary>
internal readonly record struct BufferSample(
    double Seconds,
    long LiveBuffers,
    long OrphanedBuffers,
    long OrphanedBytes,
    long RevokedBuffers,
    long Importers,
    long HandOvers,
    long Acknowledgements,
    long Revocations,
    long Reclaims)
{
    public static BufferSample Of(Payload payload, double seconds) => new(
        seconds,
        payload["liveBuffers"],
        payload["orphanedBuffers"],
        payload["orphanedBytes"],
        payload["revokedBuffers"],
        payload["importers"],
        payload["handOvers"],
        payload["acknowledgements"],
        payload["revocations"],
        payload["reclaims"]);
}
