using MagAlloc.Bench.Iova.Kernel;
using MagAlloc.Bench.Workloads;

namespace MagAlloc.Bench.Iova;

/// <summary>A domain under test, and what makes the cell of a workload for it.</summary>
internal abstract class IovaContender(string name) : IDisposable
{
    public const string DomainName = "iova-domain";
    public const string KernelName = "kernel-model";
    public const string KernelSpinName = "kernel-model-spin";

    private const ulong Granule = 4096;
    private const ulong StartPfn = 1;
    private const int AddressBits = 48;
    private const int GranuleBits = 12;

    public string Name { get; } = name;

    /// <summary>A domain of the engine with default options.</summary>
    public static IovaContender NewDomain()
    {
        IovaDomain domain = new(Granule, StartPfn, new IovaDomainOptions { Name = "bench", AddressBits = AddressBits });
        return new Contender<DomainAllocator>(DomainName, new DomainAllocator(domain), domain);
    }

    /// <summary>The model of the kernel's, with as many processors as this process has.</summary>
    /// <param name="spins">True: with the kernel's kind of locks. False: with those of a managed program.</param>
    public static IovaContender NewKernel(bool spins)
    {
        KernelIovaDomain domain = new(Granule, StartPfn, Environment.ProcessorCount, worker: true, spins);
        ulong last = (1UL << (AddressBits - GranuleBits)) - 1;
        KernelAllocator allocator = new(domain, last, (1UL << (32 - GranuleBits)) - 1);
        return new Contender<KernelAllocator>(spins ? KernelSpinName : KernelName, allocator, domain);
    }

    public abstract Cell Enter(IovaWorkload workload, int lanes);

    public abstract void Dispose();

    private sealed class Contender<TAllocator>(string name, TAllocator allocator, IDisposable owned) : IovaContender(name)
        where TAllocator : struct, IIovaAllocator
    {
        public override Cell Enter(IovaWorkload workload, int lanes) => workload.Enter(allocator, lanes);

        public override void Dispose() => owned.Dispose();
    }
}
