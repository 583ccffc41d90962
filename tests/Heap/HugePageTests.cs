using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using MagAlloc.Platform;
using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Heap;

/// <summary>
/// No reservation gets huge pages, whatever the machine's setting: the kernel is asked for them on every mapping, as its own thread that looks for such pages would
/// (<c>MADV_COLLAPSE</c>, which heeds a mapping's refusal and not the machine's setting), and what is resident stays what is committed.
/// </summary>
[TestFixture]
[Platform("Linux")]
[SupportedOSPlatform("linux")]
[NonParallelizable]
public sealed unsafe partial class HugePageTests
{
    private const int Collapse = 25;
    private const long Huge = 2 << 20;

    [SetUp]
    public void RequireHugePages()
    {
        if (!Directory.Exists("/sys/kernel/mm/transparent_hugepage"))
            Assert.Ignore("this kernel is built without transparent huge pages: there is nothing that a reservation could refuse");
    }

    [Test]
    public void AReservation_RefusesThem_AndKeepsThatThroughCommitsAndDecommits()
    {
        const nuint Bytes = 16 << 20;
        byte* range = (byte*)VirtualMemory.Reserve(Bytes, 2 << 20);
        try
        {
            AssertRefused((nuint)range, Bytes);
            VirtualMemory.Commit(range, Bytes / 2);
            range[0] = 1;
            VirtualMemory.Decommit(range, Bytes / 4);
            VirtualMemory.Commit(range, Bytes);
            VirtualMemory.Discard(range, Bytes / 2);
            range[5 << 20] = 1;
            AssertRefused((nuint)range, Bytes);
            TryCollapse((nuint)range, Bytes);
            Assert.That(VirtualMemory.ResidentBytes(range, Bytes), Is.EqualTo(4096));
        }
        finally
        {
            VirtualMemory.Release(range, Bytes);
        }
    }

    [Test]
    public void EveryMappingOfAHeapAPoolACacheAndADomain_RefusesThem()
    {
        List<Mapping> before = Mappings();
        using NativeHeap heap = new(new NativeHeapOptions { Reclaim = ReclaimOptions.Manual, Checks = CheckLevel.Basic });
        using UnmanagedPool<Guid> pool = new(new UnmanagedPoolOptions { Reclaim = ReclaimOptions.Manual });
        using IovaDomain domain = new(options: new IovaDomainOptions { Reclaim = ReclaimOptions.Manual });
        heap.Free(heap.Allocate(100));
        heap.Free(heap.Allocate(3 << 20));
        pool.Return(pool.Rent());
        domain.FreeFast(domain.AllocateFast(1, domain.LastPfn), 1);

        // The runtime maps memory as well meanwhile, in small pieces: ours are the reservations, and what is committed of them.
        Mapping[] added = [.. Mappings().Where(mapping => mapping.Bytes >= 32 << 20 && !before.Exists(former => former.Start <= mapping.Start && mapping.Start < former.End))];
        Assert.That(added.Sum(mapping => mapping.Bytes), Is.GreaterThan(256L << 30), "the reservations are among them");
        Assert.That(added.Where(mapping => !mapping.Flags.Contains(" nh", StringComparison.Ordinal)).Select(mapping => mapping.Line), Is.Empty);
        AssertRefused((nuint)heap.Core.Arena.Base, heap.Core.Arena.Bytes);
        AssertRefused((nuint)heap.Core.Arena.PageMap, 4096);
    }

    [Test]
    public void AHeapFullOfHoles_StaysNearWhatIsCommitted()
    {
        using NativeHeap heap = Heaps.Quiet(byteLimit: 64 * Heaps.MiB);
        List<nint> blocks = [];
        for (int i = 0; i < 1500; i++)
        {
            void* block = heap.Allocate(32 * 1024);
            new Span<byte>(block, 32 * 1024).Fill(1);
            blocks.Add((nint)block);
        }

        for (int i = 0; i < blocks.Count; i++)
        {
            if (i % 20 != 0)
            {
                heap.Free((void*)blocks[i]);
            }
        }

        heap.Trim();
        Assert.That(heap.GetStatistics().CommittedBytes, Is.LessThan(16 * Heaps.MiB), "the premise");
        long before = ResidentBytes();
        foreach (Mapping mapping in MappingsOf(heap))
        {
            TryCollapse(mapping.Start, (nuint)mapping.Bytes);
        }

        Assert.That(ResidentBytes() - before, Is.LessThan(8 * Huge), "what is committed is resident, and not 2 MiB for each page of it");
    }

    [Test]
    public void ATreeOfRanges_StaysSmall_HoweverSpreadItsRangesAre()
    {
        const int Spread = 200;
        List<Mapping> before = Mappings();
        using IovaDomain domain = new(options: new IovaDomainOptions { Reclaim = ReclaimOptions.Manual });
        for (ulong i = 0; i < Spread; i++)
        {
            ulong at = (i + 1) * (domain.LastPfn / (Spread + 2));
            domain.Reserve(at, at + 10);
        }

        long resident = ResidentBytes();
        foreach (Mapping mapping in Mappings().Where(mapping => mapping.Bytes >= 1 << 20 && !before.Exists(former => former.Start <= mapping.Start && mapping.Start < former.End)))
        {
            TryCollapse(mapping.Start, (nuint)mapping.Bytes);
        }

        Assert.That(ResidentBytes() - resident, Is.LessThan(8 * Huge));
    }

    [Test]
    public void ASharedBufferOfNormalPages_RefusesThem_AndOneOfHugePagesDoesNot()
    {
        using BufferQueue queue = new(new BufferQueueOptions { Name = "pages" });
        queue.Request(1, 4 << 20);
        fixed (byte* normal = queue.GetSpan(0))
        {
            AssertRefused((nuint)normal, 4 << 20);
        }

        queue.Request(1, 4 << 20, BufferProfile.Stable, BufferPages.TransparentHuge);
        fixed (byte* huge = queue.GetSpan(0))
        {
            nuint at = (nuint)huge;
            Assert.That(Mappings().Single(mapping => mapping.Start <= at && at < mapping.End).Flags, Does.Not.Contain(" nh"));
        }
    }

    private static void AssertRefused(nuint start, nuint bytes)
    {
        Mapping[] mappings = [.. Mappings().Where(mapping => mapping.Start < start + bytes && start < mapping.End)];
        Assert.That(mappings, Is.Not.Empty);
        foreach (Mapping mapping in mappings)
        {
            Assert.That(mapping.Flags, Does.Contain(" nh"), mapping.Line);
            Assert.That(mapping.Eligible, Is.False, mapping.Line);
        }
    }

    private static IEnumerable<Mapping> MappingsOf(NativeHeap heap)
    {
        nuint arena = (nuint)heap.Core.Arena.Base, metadata = (nuint)heap.Core.Arena.PageMap;
        return [.. Mappings().Where(mapping => (mapping.Start < arena + heap.Core.Arena.Bytes && arena < mapping.End)
            || (mapping.Start < metadata + (256 << 20) && metadata < mapping.End))];
    }

    /// <summary>2 MiB by 2 MiB, as the kernel's own thread does.</summary>
    private static void TryCollapse(nuint start, nuint bytes)
    {
        nuint end = start + Math.Min(bytes, (nuint)32 << 30);
        for (nuint at = (start + (nuint)Huge - 1) & ~((nuint)Huge - 1); at + (nuint)Huge <= end; at += (nuint)Huge)
        {
            _ = Advise((void*)at, (nuint)Huge, Collapse);
        }
    }

    private static long ResidentBytes() => long.Parse(File.ReadAllText("/proc/self/statm").Split(' ')[1], CultureInfo.InvariantCulture) * Environment.SystemPageSize;

    private static List<Mapping> Mappings()
    {
        List<Mapping> mappings = [];
        string head = "";
        bool eligible = false;
        foreach (string line in File.ReadLines("/proc/self/smaps"))
        {
            if (line.StartsWith("THPeligible:", StringComparison.Ordinal))
            {
                eligible = line.EndsWith('1');
            }
            else if (line.StartsWith("VmFlags:", StringComparison.Ordinal))
            {
                string[] ends = head.Split(' ')[0].Split('-');
                mappings.Add(new(
                    head, nuint.Parse(ends[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture), nuint.Parse(ends[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture), line, eligible));
            }
            else if (!line.Contains(": ", StringComparison.Ordinal) || line.Contains('-', StringComparison.Ordinal))
            {
                head = line;
            }
        }

        return mappings;
    }

    [LibraryImport("libc", EntryPoint = "madvise", SetLastError = true)]
    private static partial int Advise(void* address, nuint bytes, int advice);

    private sealed record Mapping(string Line, nuint Start, nuint End, string Flags, bool Eligible)
    {
        public long Bytes => (long)(End - Start);
    }
}
