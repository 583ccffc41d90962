using System.Reflection;
using System.Runtime.CompilerServices;
using MagAlloc.Bench.Contenders;

namespace MagAlloc.Bench.Gate.Code;

/// <summary>The fast paths: every method that a program calls for a block and that must neither lock nor grow unnoticed.</summary>
internal static unsafe class HotMethods
{
    private const string Heap = "MagAlloc.NativeHeap:";
    private const string Handle = "MagAlloc.HeapThread:";
    private const string Domain = "MagAlloc.Iova.IovaDomain:";
    private static readonly string s_pool = $"MagAlloc.UnmanagedPool`1[{typeof(Item64).FullName}]:";

    public static IReadOnlyList<HotMethod> All { get; } =
    [
        new("heap-allocate", Of(typeof(NativeHeap), nameof(NativeHeap.Allocate), typeof(nuint)), Heap + "Allocate(nuint)"),
        new("heap-free", Of(typeof(NativeHeap), nameof(NativeHeap.Free), typeof(void*)), Heap + "Free(ptr)"),
        new("heap-free-sized", Of(typeof(NativeHeap), nameof(NativeHeap.FreeSized), typeof(void*), typeof(nuint)), Heap + "FreeSized(ptr,nuint)"),
        new("handle-allocate", Of(typeof(HeapThread), nameof(HeapThread.Allocate), typeof(nuint)), Handle + "Allocate(nuint)"),
        new("handle-free", Of(typeof(HeapThread), nameof(HeapThread.Free), typeof(void*)), Handle + "Free(ptr)"),
        new("handle-free-sized", Of(typeof(HeapThread), nameof(HeapThread.FreeSized), typeof(void*), typeof(nuint)), Handle + "FreeSized(ptr,nuint)"),
        new("pool-rent", Of(typeof(UnmanagedPool<Item64>), nameof(UnmanagedPool<>.Rent)), s_pool + "Rent()"),
        new("pool-return", Of(typeof(UnmanagedPool<Item64>), nameof(UnmanagedPool<>.Return), typeof(Item64*)), s_pool + "Return(ptr)"),
        new(
            "iova-allocate",
            Of(typeof(IovaDomain), nameof(IovaDomain.TryAllocateFast), typeof(ulong), typeof(ulong), typeof(bool), typeof(ulong).MakeByRefType()),
            Domain + "TryAllocateFast(ulong,ulong,bool,byref)"),
        new("iova-free", Of(typeof(IovaDomain), nameof(IovaDomain.FreeFast), typeof(ulong), typeof(ulong)), Domain + "FreeFast(ulong,ulong)"),
    ];

    /// <summary>The names, in a form that <c>DOTNET_JitDisasm</c> takes.</summary>
    public static string Filter { get; } = string.Join(' ', All.Select(method => method.Method.Name).Append(ListenerTest.Method.Name).Distinct());

    /// <summary>Has the JIT compile all of them, in a process that it lists the code of.</summary>
    public static void Compile()
    {
        // As in a program that runs: whatever these methods touch has been initialised. None of them is called for that.
        using NativeHeap heap = new(new NativeHeapOptions { Reclaim = ReclaimOptions.Manual });
        heap.Reallocate(heap.AllocateZeroed(1), 100);
        using UnmanagedPool<Item64> pool = new(new UnmanagedPoolOptions { Reclaim = ReclaimOptions.Manual });
        pool.TryRent(out _);
        using IovaDomain domain = new(options: new IovaDomainOptions { Reclaim = ReclaimOptions.Manual });
        domain.Allocate(1, domain.LastPfn, sizeAligned: true);
        foreach (HotMethod hot in All)
        {
            RuntimeTypeHandle[] arguments = [.. hot.Method.DeclaringType!.GetGenericArguments().Select(type => type.TypeHandle)];
            RuntimeHelpers.PrepareMethod(hot.Method.MethodHandle, arguments);
        }

        RuntimeHelpers.PrepareMethod(ListenerTest.Method.MethodHandle);
    }

    private static MethodInfo Of(Type type, string name, params Type[] arguments) =>
        type.GetMethod(name, arguments) ?? throw new MissingMethodException(type.FullName, name);
}
