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
    long Reclaims);
