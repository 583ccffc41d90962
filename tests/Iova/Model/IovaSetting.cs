namespace MagAlloc.Tests.Iova.Model;

/// <summary>What a random run is about.</summary>
/// <param name="UnitBits">The space has 2^UnitBits granules.</param>
/// <param name="Start">Lowest page frame that may be handed out.</param>
/// <param name="Fast">Whether the Fast calls take part. Without them the model foretells every placement.</param>
/// <param name="Checks">The domain's checks.</param>
/// <param name="Crowded">Whether the space is kept nearly full, so that requests are refused.</param>
/// <param name="Faulty">Whether one fallible step in five fails: then a refusal needs no reason, and nothing else may go wrong.</param>
public sealed record IovaSetting(int UnitBits, ulong Start, bool Fast, CheckLevel Checks, bool Crowded, bool Faulty = false)
{
    public override string ToString()
        => $"2^{UnitBits}{(Fast ? " fast" : string.Empty)}{(Crowded ? " crowded" : string.Empty)}{(Faulty ? " faulty" : string.Empty)} {Checks} from {Start}";
}
