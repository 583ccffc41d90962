namespace MagAlloc.Bench.Iova.Kernel;

/// <summary>
/// Stands for the kernel's object cache of magazines: what is freed is had again. New arrays in every exchange would charge the
/// model with the garbage collector, which the kernel does not have.
/// </summary>
internal sealed class KernelMagazinePool(bool spins)
{
    private readonly KernelLock _gate = new(spins);
    private readonly Stack<KernelMagazine> _free = new();

    public KernelMagazine Take()
    {
        using (_gate.Enter())
        {
            if (_free.TryPop(out KernelMagazine? magazine))
                return magazine;
        }

        return new KernelMagazine();
    }

    public void Give(KernelMagazine magazine)
    {
        magazine.Next = null;
        using (_gate.Enter())
            _free.Push(magazine);
    }
}
