using MagAlloc.Bench.Contenders;

namespace MagAlloc.Tests.Bench.Workloads;

/// <summary>The contender that watches the workload.</summary>
internal readonly struct OracleContender(OracleBooks books) : IContender<OracleSession>
{
    public OracleSession Open()
    {
        books.Threads.TryAdd(Thread.CurrentThread, 0);
        return new OracleSession(books, Environment.CurrentManagedThreadId);
    }
}
