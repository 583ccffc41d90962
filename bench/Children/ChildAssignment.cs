using System.Globalization;
using MagAlloc.Bench.Contenders;
using MagAlloc.Bench.Measurement;

namespace MagAlloc.Bench.Children;

/// <summary>What a child process is to measure: one contender at one workload. It travels as the arguments of its command line.</summary>
/// <param name="Workload">Stable name.</param>
/// <param name="Contender">Stable name.</param>
/// <param name="Threads">Of the workload.</param>
/// <param name="Pace">How long is measured; the parent counts the rounds.</param>
/// <param name="Peer">What the contender's name stands for, when it is one of the command line.</param>
/// <param name="AgedBy">The workload that ages the heap before; null for a new heap.</param>
internal sealed record ChildAssignment(
    string Workload, string Contender, int Threads, Pace Pace, IPeerSpec? Peer, string? AgedBy = null)
{
    private const int LeastArguments = 4;
    private const string Aged = "--aged";

    public IReadOnlyList<string> Arguments =>
    [
        Workload,
        Contender,
        Threads.ToString(CultureInfo.InvariantCulture),
        Pace.Name,
        .. Peer is null ? Array.Empty<string>() : [Peer.Option, Peer.ToString()!],
        .. AgedBy is null ? Array.Empty<string>() : [Aged, AgedBy],
    ];

    /// <summary>Null when the arguments are not those of an assignment.</summary>
    public static ChildAssignment? Of(IReadOnlyList<string> arguments)
    {
        if (arguments.Count < LeastArguments || !int.TryParse(arguments[2], CultureInfo.InvariantCulture, out int threads) || threads < 1)
            return null;
        Pace? pace = new[] { Pace.Full, Pace.Quick }.FirstOrDefault(p => p.Name == arguments[3]);
        if (pace is null || arguments.Count % 2 != 0)
            return null;

        ChildAssignment assignment = new(arguments[0], arguments[1], threads, pace, null);
        for (int i = LeastArguments; i < arguments.Count; i += 2)
        {
            string value = arguments[i + 1];
            switch (arguments[i])
            {
                case PeerSpec.OptionName when PeerSpec.TryParse(value, out PeerSpec? peer):
                    assignment = assignment with { Peer = peer };
                    break;
                case ManagedPeerSpec.OptionName when ManagedPeerSpec.TryParse(value, out ManagedPeerSpec? peer):
                    assignment = assignment with { Peer = peer };
                    break;
                case Aged:
                    assignment = assignment with { AgedBy = value };
                    break;
                default:
                    return null;
            }
        }

        return assignment;
    }

    /// <summary>The contender's entry. A peer's library is loaded by this.</summary>
    public ContenderEntry FindContender() =>
        ContenderCatalog.With(Peer is null ? [] : [Peer]).Single(entry => entry.Name == Contender);
}
