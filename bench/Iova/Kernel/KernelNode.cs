namespace MagAlloc.Bench.Iova.Kernel;

/// <summary>An allocated range in the model's tree (<c>struct iova</c>): first and last pfn, both inclusive.</summary>
internal sealed class KernelNode
{
    public ulong First;
    public ulong Last;
    public KernelNode? Parent;
    public KernelNode? Left;
    public KernelNode? Right;
    public bool IsRed;
}
