using System.Globalization;
using MagAlloc.Bench.Contenders;
using MagAlloc.Bench.Measurement;

namespace MagAlloc.Bench.Children;

/// <summary>What a child process is to measure: one contender at one workload. It travels as the arguments of its command line.</summary>
/// <param name="Workload">Stable name.</param>
/// <param name="Contender">Stable name.</param>
/// <param name="Threads">Of the workload.</param>
/// <param name="Pace">How long is measured; the parent counts the rounds.</param>
/// <param name="Peer">The library that the contender's name stands for, when it is one of the command line.</param>
internal sealed record ChildAssignment(string Workload, string Contender, int Threads, Pace Pace, PeerSpec? Peer)
{
    private const int LeastArguments = 4;

    public IReadOnlyList<string> Arguments =>
    [
        Workload,
        Contender,
        Threads.ToString(CultureInfo.InvariantCulture),
        Pace.Name,
        .. Peer is null ? Array.Empty<string>() : [Peer.ToString()],
    ];

    /// <summary>Null when the arguments are not those of an assignment.</summary>
    public static ChildAssignment? Of(IReadOnlyList<string> arguments)
    {
        if (arguments.Count < LeastArguments || !int.TryParse(arguments[2], CultureInfo.InvariantCulture, out int threads) || threads < 1)
            return null;
        PeerSpec? peer = null;
        if (arguments.Count > LeastArguments && !PeerSpec.TryParse(arguments[LeastArguments], out peer))
            return null;
        Pace? pace = new[] { Pace.Full, Pace.Quick }.FirstOrDefault(p => p.Name == arguments[3]);
        return pace is null ? null : new ChildAssignment(arguments[0], arguments[1], threads, pace, peer);
    }

    /// <summary>The contender's entry. A peer's library is loaded by this.</summary>
    public ContenderEntry FindContender() =>
        ContenderCatalog.With(Peer is null ? [] : [Peer]).Single(entry => entry.Name == Contender);
}
