namespace MagAlloc.Iova;

/// <summary>A misuse of an <see cref="IovaDomain"/> that was found.</summary>
/// <param name="Kind">What was done wrong.</param>
/// <param name="Pfn">
/// The pfn that was passed; of a cached free that is found out when its batch comes home (no checks), one pfn of that batch.
/// </param>
/// <param name="Size">The size in pfns that was passed, or that of the magazine's class.</param>
/// <param name="DomainName">Name of the domain.</param>
public sealed record IovaMisuseReport(IovaMisuseKind Kind, ulong Pfn, ulong Size, string DomainName)
{
    /// <summary>One sentence for people.</summary>
    public string Message => $"{DomainName}: {Describe(Kind)} (pfn 0x{Pfn:x}, size {Size}).";

    private static string Describe(IovaMisuseKind kind) => kind switch
    {
        IovaMisuseKind.DoubleFree => "the range is free already",
        IovaMisuseKind.NotAllocated => "no range is allocated there",
        IovaMisuseKind.WrongSize => "the range has another size",
        IovaMisuseKind.NotFirst => "the pfn is not the first of its range",
        IovaMisuseKind.Reserved => "the range is reserved",
        _ => kind.ToString(),
    };
}
