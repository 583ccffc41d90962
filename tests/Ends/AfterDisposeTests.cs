using MagAlloc.Tests.Ends.Support;
using MagAlloc.Tests.Heap.Support;
using MagAlloc.Tests.Iova;

namespace MagAlloc.Tests.Ends;

/// <summary>Every operation that begins after a disposal has ended is refused, on every thread, whatever its magazines hold.</summary>
[TestFixture]
public sealed unsafe class AfterDisposeTests
{
    private const int Kept = 40;
    private const int Tries = 300;

    [Test]
    public void AllocateOnADisposedHeap_AfterSizedFrees_ThrowsOnAThreadWithWarmMagazines(
        [Values(1, 64, 1024, 8192, 32 << 10, 40_000, 200_000, 1 << 20)] int size)
    {
        using Servant servant = new();
        NativeHeap heap = Heaps.Quiet();
        nint[] blocks = new nint[Kept];
        servant.Do(() => Warm(heap, size, blocks));
        heap.Dispose();
        servant.Do(() =>
        {
            foreach (nint block in blocks)
            {
                Refused(() => heap.FreeSized((void*)block, (nuint)size));
            }

            Refused(() => heap.Free((void*)blocks[0]));
            Refused(() => heap.Reallocate((void*)blocks[0], (nuint)size));
            for (int i = 0; i < Tries; i++)
            {
                Refused(() => heap.Allocate((nuint)size));
                Refused(() => heap.AllocateZeroed((nuint)size));
                Refused(() => heap.TryAllocate((nuint)size, out _));
            }
        });
    }

    [Test]
    public void AllocateByAHandle_OfADisposedHeap_Throws([Values] bool onItsOwnThread, [Values(64, 32 << 10, 200_000)] int size)
    {
        using Servant servant = new();
        NativeHeap heap = Heaps.Quiet();
        nint[] blocks = new nint[Kept];
        servant.Do(() =>
        {
            Warm(heap, size, blocks);
            using HeapThread handle = heap.OpenThread();
            if (onItsOwnThread)
            {
                heap.Dispose();
            }
            else
            {
                Thread other = new(heap.Dispose);
                other.Start();
                other.Join();
            }

            foreach (nint block in blocks)
            {
                try
                {
                    // Documented: such a free may do nothing.
                    handle.FreeSized((void*)block, (nuint)size);
                }
                catch (ObjectDisposedException)
                {
                    // Or be refused.
                }
            }

            int refused = 0;
            for (int i = 0; i < Tries; i++)
            {
                try
                {
                    void* block = (i % 3) switch
                    {
                        0 => handle.Allocate((nuint)size),
                        1 => handle.AllocateZeroed((nuint)size),
                        _ => handle.TryAllocate((nuint)size, out void* tried) ? tried : null,
                    };
                    Assert.Fail($"the {i}th call gave {(nint)block:X}");
                }
                catch (ObjectDisposedException)
                {
                    refused++;
                }
            }

            Assert.That(refused, Is.EqualTo(Tries));
            try
            {
                handle.Free((void*)blocks[0]);
                Assert.Fail("a free that looks the block up");
            }
            catch (ObjectDisposedException)
            {
                // As it shall be.
            }
        });
    }

    [Test]
    public void RentFromADisposedPool_ThrowsOnAThreadWithWarmMagazines()
    {
        using Servant servant = new();
        UnmanagedPool<decimal> pool = new(new UnmanagedPoolOptions { Reclaim = ReclaimOptions.Manual, ReservedBytes = Heaps.GiB });
        nint[] items = new nint[Kept];
        servant.Do(() =>
        {
            for (int round = 0; round < 2; round++)
            {
                for (int i = 0; i < items.Length; i++)
                {
                    items[i] = (nint)pool.Rent();
                }

                for (int i = 0; i < items.Length * (1 - round); i++)
                {
                    pool.Return((decimal*)items[i]);
                }
            }
        });
        pool.Dispose();
        servant.Do(() =>
        {
            foreach (nint item in items)
            {
                Refused(() => pool.Return((decimal*)item));
            }

            for (int i = 0; i < Tries; i++)
            {
                Refused(() => pool.Rent());
                Refused(() => pool.TryRent(out _));
            }
        });
    }

    [Test]
    public void ACallOnADisposedCache_ThrowsOnAThreadWithWarmMagazines()
    {
        using Servant servant = new();
        IdStore store = new(1000);
        MagazineCache<IdStore.Source> cache = new(new IdStore.Source(store));
        ulong[] ids = new ulong[Kept];
        servant.Do(() =>
        {
            for (int i = 0; i < ids.Length; i++)
            {
                Assert.That(cache.TryAllocate(out ids[i]), Is.True);
            }

            foreach (ulong id in ids)
            {
                cache.Free(id);
            }
        });
        cache.Dispose();
        servant.Do(() =>
        {
            for (int i = 0; i < Tries; i++)
            {
                Refused(() => cache.Free(ids[0]));
                Refused(() => cache.TryAllocate(out _));
            }
        });
        Assert.That((store.Available, store.WrongReturns), Is.EqualTo((1000, 0)));
    }

    [Test]
    public void ACallOnADisposedDomain_ThrowsOnAThreadWithWarmMagazines([Values(1ul, 4ul, 32ul)] ulong size, [Values] bool low)
    {
        using Servant servant = new();
        IovaDomain domain = Domains.Quiet();
        ulong limit = low ? domain.Dma32LastPfn : domain.LastPfn;
        ulong[] pfns = new ulong[Kept];
        servant.Do(() =>
        {
            for (int round = 0; round < 2; round++)
            {
                for (int i = 0; i < pfns.Length; i++)
                {
                    pfns[i] = domain.AllocateFast(size, limit);
                }

                for (int i = 0; i < pfns.Length * (1 - round); i++)
                {
                    domain.FreeFast(pfns[i], size);
                }
            }
        });
        domain.Dispose();
        servant.Do(() =>
        {
            foreach (ulong pfn in pfns)
            {
                Refused(() => domain.FreeFast(pfn, size));
            }

            for (int i = 0; i < Tries; i++)
            {
                Refused(() => domain.AllocateFast(size, limit));
                Refused(() => domain.TryAllocateFast(size, limit, false, out _));
            }
        });
    }

    private static void Warm(NativeHeap heap, int size, nint[] blocks)
    {
        heap.AllocateMany((nuint)size, blocks);
        heap.FreeMany(blocks);
        heap.AllocateMany((nuint)size, blocks);
        heap.Free(heap.Allocate((nuint)size));
    }

    private static void Refused(Action call) => Assert.Throws<ObjectDisposedException>(() => call());
}
