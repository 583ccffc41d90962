using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using MagAlloc.Bench.Contenders;
using MagAlloc.Tooling.Commands;

namespace MagAlloc.Bench.Children;

/// <summary>
/// A process of <c>cold-start</c>: the clock runs from the first call for the allocator to the end of the first free. What an
/// empty program needs to come up lies before. Each way is a method of its own, which is compiled when it is called.
/// </summary>
internal static unsafe class ColdStart
{
    /// <summary>The argument that makes the program one of these processes.</summary>
    public const string Subcommand = "cold-start";

    public const string Heap = "heap";
    public const string Handle = "handle";
    public const string Pool = "pool";
    public const string Runtime = "native-memory";
    public const string Native = "native";
    public const string Managed = "managed";
    public const string Arrays = "array-pool";
    public const string Memories = "memory-pool";

    private const int Bytes = 64;

    /// <summary>Prints nanoseconds.</summary>
    /// <param name="way">A word of this class, and what it needs to know.</param>
    public static int Run(string[] way)
    {
        // The choice and the clock are the harness's: they are compiled before.
        Allocate([string.Empty]);
        _ = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp()).TotalNanoseconds;

        long start = Stopwatch.GetTimestamp();
        bool known = Allocate(way);
        double ns = Stopwatch.GetElapsedTime(start).TotalNanoseconds;
        if (!known)
        {
            Console.Error.WriteLine("bench: 'cold-start' is started by compare, and not for use by hand");
            return ExitCode.Usage;
        }

        Console.Out.WriteLine(ns.ToString("R", CultureInfo.InvariantCulture));
        return ExitCode.Pass;
    }

    private static bool Allocate(string[] way)
    {
        switch (way[0])
        {
            case Heap:
                AllocateInHeap();
                return true;
            case Handle:
                AllocateByHandle();
                return true;
            case Pool:
                RentOfPool();
                return true;
            case Runtime:
                AllocateOfRuntime();
                return true;
            case Native:
                AllocateOfLibrary(way[1], way[2]);
                return true;
            case Managed:
                AllocateOfAssembly(way[1], way[2], way[3]);
                return true;
            case Arrays:
                RentArray();
                return true;
            case Memories:
                RentMemory();
                return true;
            default:
                return false;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void AllocateInHeap()
    {
        NativeHeap heap = new(new NativeHeapOptions());
        byte* block = (byte*)heap.Allocate(Bytes);
        *block = 1;
        heap.Free(block);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void AllocateByHandle()
    {
        NativeHeap heap = new(new NativeHeapOptions());
        using HeapThread thread = heap.OpenThread();
        byte* block = (byte*)thread.Allocate(Bytes);
        *block = 1;
        thread.Free(block);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void RentOfPool()
    {
        UnmanagedPool<Item64> pool = new(new UnmanagedPoolOptions());
        Item64* item = pool.Rent();
        *(byte*)item = 1;
        pool.Return(item);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void AllocateOfRuntime()
    {
        byte* block = (byte*)NativeMemory.Alloc(Bytes);
        *block = 1;
        NativeMemory.Free(block);
    }

    // As a binding does: an ordinary call, and no more of the library than it needs.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void AllocateOfLibrary(string file, string prefix)
    {
        nint library = NativeLibrary.Load(file);
        var allocate = (delegate* unmanaged[Cdecl]<nuint, void*>)NativeLibrary.GetExport(library, prefix + "malloc");
        var free = (delegate* unmanaged[Cdecl]<void*, void>)NativeLibrary.GetExport(library, prefix + "free");
        byte* block = (byte*)allocate(Bytes);
        *block = 1;
        free(block);
    }

    // By the tokens of its methods: a program that refers to the assembly does not search for them either.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void AllocateOfAssembly(string file, string allocateToken, string freeToken)
    {
        Module module = new PeerLoadContext(file).LoadFromAssemblyPath(file).ManifestModule;
        var allocate = (delegate*<nuint, void*>)Method(allocateToken);
        var free = (delegate*<void*, void>)Method(freeToken);
        byte* block = (byte*)allocate(Bytes);
        *block = 1;
        free(block);

        nint Method(string token) =>
            module.ResolveMethod(int.Parse(token, CultureInfo.InvariantCulture))!.MethodHandle.GetFunctionPointer();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void RentArray()
    {
        byte[] array = ArrayPool<byte>.Shared.Rent(Bytes);
        array[0] = 1;
        ArrayPool<byte>.Shared.Return(array);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void RentMemory()
    {
        using IMemoryOwner<byte> owner = MemoryPool<byte>.Shared.Rent(Bytes);
        owner.Memory.Span[0] = 1;
    }
}
