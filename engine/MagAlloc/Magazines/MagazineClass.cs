namespace MagAlloc.Magazines;

/// <summary>What the engine has to know of one class of resources.</summary>
/// <param name="Capacity">Resources a magazine holds, 1 to 127; 0: this class is not cached.</param>
/// <param name="Weight">What a full magazine counts against the depots' budget, in the source's unit (bytes for a heap).</param>
/// <param name="LargestBatch">Most resources that a thread takes from the source at a time, 1 to <paramref name="Capacity"/>.</param>
/// <param name="SmallestBatch">How many it begins with, 1 to <paramref name="LargestBatch"/>.</param>
internal readonly record struct MagazineClass(int Capacity, long Weight, int LargestBatch, int SmallestBatch = 1);
