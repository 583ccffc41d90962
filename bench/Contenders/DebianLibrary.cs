using MagAlloc.Bench.Children;

namespace MagAlloc.Bench.Contenders;

/// <summary>A native allocator as Debian packages it.</summary>
/// <param name="Title">Its name in descriptions.</param>
/// <param name="File">Looked for by the loader.</param>
/// <param name="Prefix">Before the C library's names.</param>
/// <param name="Package">What brings it.</param>
internal sealed record DebianLibrary(string Title, string File, string Prefix, string Package)
{
    public static DebianLibrary Mimalloc { get; } = new("mimalloc", "libmimalloc.so.2", "mi_", "libmimalloc2.0");

    public static DebianLibrary Jemalloc { get; } = new("jemalloc", "libjemalloc.so.2", "", "libjemalloc2");

    public static DebianLibrary Tcmalloc { get; } =
        new("tcmalloc (gperftools)", "libtcmalloc_minimal.so.4", "tc_", "libtcmalloc-minimal4");

    public static DebianLibrary Tbbmalloc { get; } = new("tbbmalloc", "libtbbmalloc.so.2", "scalable_", "libtbbmalloc2");

    /// <summary>Called without the switch to preemptive mode: its best case.</summary>
    public ContenderEntry Untransitioned(string name) =>
        Entry(name, "SuppressGCTransition", ContenderKind.NativePeer, NativeContender.Untransitioned);

    /// <summary>Called by an ordinary P/Invoke: how bindings ship.</summary>
    public ContenderEntry Transitioned(string name) =>
        Entry(name, "ordinary P/Invoke", ContenderKind.NativePInvoke, NativeContender.Transitioned);

    /// <summary>What the line of an absent one says.</summary>
    public string Explain(LoadFailure failure) => failure.Kind switch
    {
        LoadFailureKind.NotLoadable => $"{File} is not installed; on Debian: apt-get install {Package}",
        LoadFailureKind.NoStaticTls =>
            $"{File} can be loaded only into a process that was started with {StaticTls.Variable}={StaticTls.Value}",
        _ => $"{File} has no function {failure.Detail}; on Debian: apt-get install {Package}",
    };

    // All get the same environment: what one needs should not be another's handicap or advantage.
    private ContenderEntry Entry(string name, string call, ContenderKind kind, Func<string, NativeExports, Contender> create) =>
        new(name, $"{Title}, {call}", made =>
            NativeExports.TryLoad(File, Prefix, out NativeExports? exports, out LoadFailure? failure)
                ? create(made, exports)
                : new AbsentContender(made, Explain(failure)))
        {
            Kind = kind,
            ChildEnvironment = StaticTls.Environment,
            ColdStart = [ColdStart.Native, File, Prefix],
        };
}
