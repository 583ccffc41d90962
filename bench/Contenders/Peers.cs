using MagAlloc.Bench.Children;
using MagAlloc.Tooling.Commands;

namespace MagAlloc.Bench.Contenders;

/// <summary>Contenders out of libraries named on the command line.</summary>
internal static class Peers
{
    /// <summary>An entry for a peer, which is loaded here and now: a wrong path shall not come out in the middle of a run.</summary>
    /// <exception cref="UsageException">The library cannot be used.</exception>
    public static ContenderEntry Entry(PeerSpec spec)
    {
        // A library that only lacks room for its thread-local storage finds it in a child process, and is checked there.
        if (!NativeExports.TryLoad(spec.Path, spec.Prefix, out _, out LoadFailure? failure)
            && !(failure.Kind == LoadFailureKind.NoStaticTls && !StaticTls.Granted))
        {
            throw Refusal(spec, failure);
        }

        return new ContenderEntry(spec.Name, $"{spec.Path}, SuppressGCTransition", name => Create(name, spec))
        {
            Kind = ContenderKind.NativePeer,
            ChildEnvironment = StaticTls.Environment,
            ColdStart = [ColdStart.Native, spec.Path, spec.Prefix],
        };
    }

    private static Contender Create(string name, PeerSpec spec)
    {
        if (NativeExports.TryLoad(spec.Path, spec.Prefix, out NativeExports? exports, out LoadFailure? failure))
            return NativeContender.Untransitioned(name, exports);
        if (failure.Kind != LoadFailureKind.NoStaticTls)
            throw Refusal(spec, failure);
        return new AbsentContender(
            name, $"{spec.Path} can be loaded only into a process that was started with {StaticTls.Variable}={StaticTls.Value}");
    }

    private static UsageException Refusal(PeerSpec spec, LoadFailure failure) => new(failure.Kind switch
    {
        LoadFailureKind.NoExport => $"--peer {spec.Name}: {spec.Path} has no function {failure.Detail}; give the prefix of its malloc family",
        _ when !File.Exists(spec.Path) => $"--peer {spec.Name}: there is no file {spec.Path}",
        _ => $"--peer {spec.Name}: {spec.Path} cannot be loaded: {failure.Detail}",
    });
}
