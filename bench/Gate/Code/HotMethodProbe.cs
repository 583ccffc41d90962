namespace MagAlloc.Bench.Gate.Code;

/// <summary>Locked instructions, instructions and code bytes of the hot methods, and their tests for a listener to events.</summary>
internal sealed class HotMethodProbe : IGateProbe
{
    public IReadOnlyList<GateEntry> Entries { get; } =
    [
        .. HotMethods.All.Select(method => new GateEntry(Locked(method), EntryKind.Law, "locked instructions")),
        .. HotMethods.All.Select(method => new GateEntry(Instructions(method), EntryKind.Code, "instructions")),
        .. HotMethods.All.Select(method => new GateEntry(CodeBytes(method), EntryKind.Code, "bytes of code")),
        .. HotMethods.All.Select(method => new GateEntry(Listeners(method), EntryKind.Law, "tests for a listener")),
    ];

    public IEnumerable<Reading> Measure()
    {
        IReadOnlyList<JitMethod> listing = HotMethodListing.Read();
        long? listened = ListenerTest.Displacement(listing);
        foreach (HotMethod hot in HotMethods.All)
        {
            if (JitListing.Find(listing, hot.ListedAs) is not { Optimized: true } code)
                continue;
            yield return new Reading(Locked(hot), code.Locked.Count, code.Instructions);
            yield return new Reading(Instructions(hot), code.Instructions, code.Instructions);
            yield return new Reading(CodeBytes(hot), code.CodeBytes, code.Instructions);
            if (listened is { } displacement)
                yield return new Reading(Listeners(hot), ListenerTest.Count(code, displacement), code.Instructions);
        }
    }

    private static string Locked(HotMethod method) => $"locked-{method.Name}";

    private static string Instructions(HotMethod method) => $"instructions-{method.Name}";

    private static string Listeners(HotMethod method) => $"listeners-{method.Name}";

    private static string CodeBytes(HotMethod method) => $"code-bytes-{method.Name}";
}
