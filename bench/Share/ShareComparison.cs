using System.Runtime.Versioning;
using MagAlloc.Bench.Measurement;
using MagAlloc.Bench.Share.Cells;

namespace MagAlloc.Bench.Share;

/// <summary>All ways at one workload, round by round in turn: the consumers that are not asked sleep.</summary>
[SupportedOSPlatform("linux")]
internal static class ShareComparison
{
    /// <exception cref="OperationCanceledException">The user interrupted it.</exception>
    public static IReadOnlyList<ShareLine> Run(ShareWorkload workload, int bytes, Pace pace, CancellationToken interruption)
    {
        using LaneTeam team = new(1);
        List<ShareCell> cells = [];
        try
        {
            List<Entrant> entrants = [];
            foreach (string name in ShareContenders.Names)
            {
                interruption.ThrowIfCancellationRequested();
                ShareCell cell = ShareContenders.Enter(name, workload, bytes);
                cells.Add(cell);
                Entrant entrant = new(name, cell, 1, team);
                entrants.Add(entrant);
                entrant.WarmUp(pace);
            }

            for (int round = 0; round < pace.Rounds; round++)
            {
                interruption.ThrowIfCancellationRequested();

                // There and back again: in every two rounds each neighbour comes first once.
                for (int i = 0; i < entrants.Count; i++)
                    entrants[(round & 1) == 0 ? i : entrants.Count - 1 - i].RunRound();
            }

            return [.. entrants.Select(e => new ShareLine(workload.Name, e.Contender, RoundSummary.Of(e)))];
        }
        finally
        {
            foreach (ShareCell cell in cells)
                cell.Dispose();
        }
    }
}
