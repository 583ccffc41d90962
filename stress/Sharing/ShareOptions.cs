namespace MagAlloc.Stress.Sharing;

/// <summary>What to share, and with whom.</summary>
internal sealed record ShareOptions
{
    public const int MostImporters = 64;

    /// <summary>Importer processes that live at the same time, rogues not counted.</summary>
    public int Importers { get; init; } = 3;

    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>After so many kills the run ends; 0: when the time is up.</summary>
    public int Kills { get; init; }

    public IReadOnlyList<RogueKind> Rogues { get; init; } = [];

    /// <summary>Bytes of a frame.</summary>
    public long FrameBytes { get; init; } = 64 << 10;

    /// <summary>Buffers that frames go round in.</summary>
    public int StreamBuffers { get; init; } = 6;

    public ulong Seed { get; init; }
}
