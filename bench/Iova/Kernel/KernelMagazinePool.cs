namespace MagAlloc.Bench.Iova.Kernel;

/// <summary>
/// Stands for the kernel's object cache of magazines: what is freed is had again. New arrays in every exchange would charge the
/// model with the garbage collector, which the kernel does not have.
/// </summary>
internal sealed class KernelMagazinePool
{
    private readonly Lock _gate = new();
    private readonly Stack<KernelMagazine> _free = new();

    public KernelMagazine Take()
    {
        lock (_gate)
        {
            if (_free.TryPop(out KernelMagazine? magazine))
                return magazine;
        }

        return new KernelMagazine();
    }

    public void Give(KernelMagazine magazine)
    {
        magazine.Next = null;
        lock (_gate)
            _free.Push(magazine);
    }
}
