using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;
using System.Runtime.Loader;
using System.Runtime.Versioning;
using MagAlloc.Tests.Ends.Support;
using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Ends;

/// <summary>What is disposed is gone, whoever used it: a thread that sleeps keeps neither objects nor addresses.</summary>
[TestFixture]
[NonParallelizable]
public sealed unsafe class NothingIsKeptTests
{
    private const int DeadHeaps = 5000;
    private const int AtATime = 200;

    private static TestCaseData[] Owners() =>
    [
        Owner("heap", () => new NativeHeap(new NativeHeapOptions { Name = "gone" }), owner => Use((NativeHeap)owner)),
        Owner("checked heap", () => new NativeHeap(new NativeHeapOptions { Checks = CheckLevel.Full }), owner => Use((NativeHeap)owner)),
        Owner("pool", () => new UnmanagedPool<long>(null, (ref long item) => item = 1), Use),
        Owner("cache", () => new MagazineCache<Ids>(new Ids(new object()), new MagazineCacheOptions { Reclaim = new() }), owner =>
        {
            var cache = (MagazineCache<Ids>)owner;
            cache.TryAllocate(out ulong id);
            cache.Free(id);
        }),
        Owner("domain", () => new IovaDomain(options: new IovaDomainOptions { AddressBits = 40 }), owner =>
        {
            var domain = (IovaDomain)owner;
            domain.FreeFast(domain.AllocateFast(1, domain.LastPfn), 1);
        }),
    ];

    private static TestCaseData Owner(string name, Func<IDisposable> make, Action<IDisposable> use)
        => new TestCaseData(make, use).SetArgDisplayNames(name);

    private static void Use(IDisposable owner)
    {
        var pool = (UnmanagedPool<long>)owner;
        pool.Return(pool.Rent());
    }

    [TestCaseSource(nameof(Owners))]
    public void TheCoreOfADisposedOwner_IsCollected_ThoughItsUserSleeps(Delegate make, Delegate use)
    {
        using Servant servant = new();
        List<WeakReference> gone = UseAndDispose(servant, (Func<IDisposable>)make, (Action<IDisposable>)use);
        foreach (WeakReference one in gone)
        {
            Assert.That(IsCollected(one), Is.True, $"{one.Target?.GetType()}");
        }
    }

    [Test]
    public void ALoadContext_WhoseConstructorAPoolUsed_Unloads([Values] bool itemsToo)
    {
        using Servant servant = new();
        WeakReference context = UseAContext(servant, itemsToo);
        Assert.That(IsCollected(context), Is.True);
    }

    [Test]
    public void AnAsyncLocalOfADeadThread_IsCollected_WhileItsCacheWaitsForASuccessor()
    {
        using NativeHeap heap = Heaps.Quiet();
        using IovaDomain domain = Iova.Domains.Quiet();
        WeakReference value = UseOnAThreadThatDies(heap, domain);
        Assert.That(IsCollected(value), Is.True);
        Crew.RunOne(() => heap.Free(heap.Allocate(64)));
        Assert.That(heap.GetStatistics().Threads, Is.LessThanOrEqualTo(1));
    }

    [Test]
    [Platform("Linux")]
    [SupportedOSPlatform("linux")]
    public void FiveThousandDeadHeaps_KeepNoAddresses_ThoughTheirUsersSleep()
    {
        using Servant sleeper = new();
        using Servant second = new();
        using NativeHeap living = new(new NativeHeapOptions { Reclaim = ReclaimOptions.Manual });
        sleeper.Do(() => Use(living));
        second.Do(() => Use(living));
        long addresses = ProcessState.VirtualBytes;
        int mappings = ProcessState.Mappings;
        nint[] blocks = new nint[200];
        for (int made = 0; made < DeadHeaps; made += AtATime)
        {
            NativeHeap[] heaps = new NativeHeap[AtATime];
            for (int i = 0; i < heaps.Length; i++)
            {
                heaps[i] = new NativeHeap(new NativeHeapOptions { Reclaim = ReclaimOptions.Manual });
            }

            sleeper.Do(() => Array.ForEach(heaps, heap => heap.AllocateMany(64, blocks)));
            second.Do(() => Array.ForEach(heaps, heap =>
            {
                heap.FreeMany(blocks.AsSpan(0, 0));
                heap.Free(heap.Allocate(200_000));
                heap.Free(heap.Allocate(64));
            }));
            Array.ForEach(heaps, heap => heap.Dispose());
            Assert.That(ProcessState.VirtualBytes - addresses, Is.LessThan(Heaps.GiB), $"after {made + AtATime} heaps");
        }

        Assert.That(ProcessState.Mappings - mappings, Is.LessThan(100));
        sleeper.Do(() =>
        {
            Use(living);
            using NativeHeap next = Heaps.Quiet();
            Use(next);
        });
        second.Do(() => Use(living));
    }

    [Test]
    [Platform("Linux")]
    [SupportedOSPlatform("linux")]
    public void AHandleHeldOverADisposal_KeepsItsHeapMapped_UntilItEnds()
    {
        using Servant servant = new();
        long addresses = ProcessState.VirtualBytes;
        NativeHeap heap = new(new NativeHeapOptions { Reclaim = ReclaimOptions.Manual });
        servant.Do(() =>
        {
            HeapThread handle = heap.OpenThread();
            handle.Free(handle.Allocate(64));
            Thread other = new(heap.Dispose);
            other.Start();
            other.Join();
            Assert.That(ProcessState.VirtualBytes - addresses, Is.GreaterThan(100 * Heaps.GiB));
            handle.Dispose();
        });
        Assert.That(ProcessState.VirtualBytes - addresses, Is.LessThan(Heaps.GiB));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static List<WeakReference> UseAndDispose(Servant servant, Func<IDisposable> make, Action<IDisposable> use)
    {
        IDisposable owner = make();
        List<WeakReference> gone = [new(owner)];
        foreach (FieldInfo field in owner.GetType().GetFields(BindingFlags.Instance | BindingFlags.NonPublic))
        {
            if (field.Name is "_core" or "_engine" or "_ranges" && field.GetValue(owner) is { } part)
            {
                gone.Add(new WeakReference(part));
                object? engine = part.GetType().GetProperty("Engine")?.GetValue(part);
                gone.AddRange(engine is null ? [] : [new WeakReference(engine)]);
            }
        }

        Assert.That(gone, Has.Count.GreaterThan(1));
        servant.Do(() => use(owner));
        use(owner);
        owner.Dispose();
        return gone;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference UseAContext(Servant servant, bool itemsToo)
    {
        AssemblyLoadContext context = new("collectible", isCollectible: true);
        Assembly assembly = context.LoadFromStream(Plugin());
        Type item = itemsToo ? assembly.GetType("Item", throwOnError: true)! : typeof(long);
        MethodInfo make = assembly.GetType("Maker", throwOnError: true)!.GetMethod(itemsToo ? "MakeItem" : "MakeLong")!;
        object constructor = make.CreateDelegate(typeof(UnmanagedConstructor<>).MakeGenericType(item));
        Type type = typeof(UnmanagedPool<>).MakeGenericType(item);
        object pool = Activator.CreateInstance(type, [new UnmanagedPoolOptions(), constructor])!;
        MethodInfo rent = type.GetMethod("Rent")!;
        servant.Do(() => Assert.That((nint)Pointer.Unbox(rent.Invoke(pool, null)!), Is.Not.Zero));
        ((IDisposable)pool).Dispose();
        context.Unload();
        return new WeakReference(context);
    }

    /// <summary>A library with a type of items, and constructors for that and for a long.</summary>
    private static MemoryStream Plugin()
    {
        PersistedAssemblyBuilder assembly = new(new AssemblyName("Plugin"), typeof(object).Assembly);
        ModuleBuilder module = assembly.DefineDynamicModule("Plugin");
        TypeBuilder item = module.DefineType("Item", TypeAttributes.Public | TypeAttributes.Sealed | TypeAttributes.SequentialLayout, typeof(ValueType));
        item.DefineField("Value", typeof(long), FieldAttributes.Public);
        item.CreateType();
        TypeBuilder maker = module.DefineType("Maker", TypeAttributes.Public | TypeAttributes.Abstract | TypeAttributes.Sealed);
        foreach ((string name, Type of) in new (string, Type)[] { ("MakeItem", item), ("MakeLong", typeof(long)) })
        {
            ILGenerator il = maker.DefineMethod(name, MethodAttributes.Public | MethodAttributes.Static, typeof(void), [of.MakeByRefType()]).GetILGenerator();
            il.Emit(OpCodes.Ldarg_0);
            il.Emit(OpCodes.Ldc_I8, 7L);
            il.Emit(OpCodes.Stind_I8);
            il.Emit(OpCodes.Ret);
        }

        maker.CreateType();
        MemoryStream stream = new();
        assembly.Save(stream);
        stream.Position = 0;
        return stream;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference UseOnAThreadThatDies(NativeHeap heap, IovaDomain domain)
    {
        WeakReference value = null!;
        Thread thread = new(() =>
        {
            AsyncLocal<object> local = new() { Value = new object() };
            value = new WeakReference(local.Value);
            Use(heap);
            domain.FreeFast(domain.AllocateFast(1, domain.LastPfn), 1);
            GC.KeepAlive(local);
        });

        // Without the context of this thread, to which that one would return at its end.
        thread.UnsafeStart();
        thread.Join();
        return value;
    }

    private static void Use(NativeHeap heap)
    {
        heap.Free(heap.Allocate(64));
        heap.Free(heap.Allocate(100_000));
    }

    private static bool IsCollected(WeakReference reference)
        => Crew.Eventually(
            () =>
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
                return !reference.IsAlive;
            },
            TimeSpan.FromSeconds(10));

    private readonly struct Ids(object something) : IResourceSource
    {
        public int Acquire(Span<ulong> resources)
        {
            resources.Fill((ulong)something.GetHashCode());
            return resources.Length;
        }

        public void Release(ReadOnlySpan<ulong> resources)
        {
        }
    }
}
