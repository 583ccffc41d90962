namespace MagAlloc.Events;

/// <summary>What a queue of exportable buffers can say of itself beside <see cref="OwnerFigures"/>.</summary>
internal record struct BufferFigures
{
    public int LiveBuffers;
    public int OrphanedBuffers;
    public long OrphanedBytes;
    public int RevokedBuffers;
    public int Importers;
    public long HandOvers;
    public long Acknowledgements;
    public long Revocations;
    public long Reinflations;
    public long Reclaims;
    public long QuotaRefusals;
}
