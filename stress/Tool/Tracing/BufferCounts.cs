namespace MagAlloc.Tool.Tracing;

/// <summary>What a queue of exportable buffers told beside its <see cref="OwnerFigures"/>.</summary>
internal sealed record BufferCounts(double AtMs, long Importers, long OrphanedBytes, long Revocations, long HandOvers, double HandOversPerSecond);
