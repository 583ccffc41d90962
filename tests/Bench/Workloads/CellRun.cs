using MagAlloc.Bench.Contenders;
using MagAlloc.Bench.Measurement;
using MagAlloc.Bench.Workloads;

namespace MagAlloc.Tests.Bench.Workloads;

/// <summary>Takes a cell through its life on a team of lanes, as a comparison does.</summary>
internal static class CellRun
{
    public static void Execute(Workload workload, Contender contender, long slices) =>
        Execute(contender.Enter(workload), workload.Threads, slices);

    public static void Execute(Cell cell, int lanes, long slices)
    {
        using LaneTeam team = new(lanes);
        team.Run(lanes, new LaneTask(cell.Prepare, cell.Abandon));
        team.Run(lanes, new LaneTask(lane => cell.Run(lane, slices), cell.Abandon));
        team.Run(lanes, new LaneTask(lane => cell.Run(lane, 1), cell.Abandon));
        team.Run(lanes, new LaneTask(cell.Clean, cell.Abandon));
    }

    /// <summary>The same with the contender that keeps books.</summary>
    public static OracleBooks Watched(Workload workload, long slices)
    {
        OracleBooks books = new() { LeftUntouched = workload.LeavesBlocksUntouched };
        HeapContender<OracleContender, OracleSession> oracle = new("oracle", new OracleContender(books));
        Execute(workload, oracle, slices);
        return books;
    }
}
