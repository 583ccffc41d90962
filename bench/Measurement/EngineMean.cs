using MagAlloc.Bench.Workloads;

namespace MagAlloc.Bench.Measurement;

/// <summary>How many times faster one form of MagAlloc is than others: geometric means over the workloads that both took part in.</summary>
/// <param name="Group">The workloads that it goes over.</param>
/// <param name="Contender">Stable name.</param>
/// <param name="BestPeer">Against the fastest native peer at each workload; null without any.</param>
/// <param name="BestPeerSingleThread">The same over the workloads on one thread.</param>
/// <param name="NativeMemory">Against <c>native-memory</c>.</param>
/// <param name="Workloads">How many it was measured at.</param>
internal sealed record EngineMean(
    WorkloadGroup Group, string Contender, double? BestPeer, double? BestPeerSingleThread, double? NativeMemory, int Workloads);
