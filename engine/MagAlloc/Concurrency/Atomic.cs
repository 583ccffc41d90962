using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace MagAlloc.Concurrency;

/// <summary>The one place where the engine touches <see cref="Interlocked"/> and <see cref="Volatile"/>.</summary>
/// <remarks>
/// <para>Names follow the C++ memory model: <c>Load</c> acquires, <c>Store</c> releases, every read-modify-write is a
/// full fence. <see cref="StoreRelaxed(ref nuint, nuint)"/> is a plain store that a later release or
/// read-modify-write publishes.</para>
/// <para>With <c>MAGALLOC_SEAM</c> defined (only the project <c>tests/interleaving</c> does) each call first reports to
/// the scheduler of the calling thread, which may stop it there, let others run, or hold a relaxed store back as a
/// weakly ordered processor would. In the shipped assembly every call is exactly the one instruction it names.</para>
/// </remarks>
internal static class Atomic
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long Load(ref long location)
    {
        Step(AtomicOperation.Load);
        return Volatile.Read(ref location);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Load(ref ulong location)
    {
        Step(AtomicOperation.Load);
        return Volatile.Read(ref location);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nuint Load(ref nuint location)
    {
        Step(AtomicOperation.Load);
        return Volatile.Read(ref location);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Load(ref int location)
    {
        Step(AtomicOperation.Load);
        return Volatile.Read(ref location);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Load(ref uint location)
    {
        Step(AtomicOperation.Load);
        return Volatile.Read(ref location);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte Load(ref byte location)
    {
        Step(AtomicOperation.Load);
        return Volatile.Read(ref location);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T? Load<T>(ref T? location)
        where T : class
    {
        Step(AtomicOperation.Load);
        return Volatile.Read(ref location);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(ref long location, long value)
    {
        Release();
        Volatile.Write(ref location, value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(ref ulong location, ulong value)
    {
        Release();
        Volatile.Write(ref location, value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(ref nuint location, nuint value)
    {
        Release();
        Volatile.Write(ref location, value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(ref int location, int value)
    {
        Release();
        Volatile.Write(ref location, value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(ref uint location, uint value)
    {
        Release();
        Volatile.Write(ref location, value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(ref byte location, byte value)
    {
        Release();
        Volatile.Write(ref location, value);
    }

    /// <summary>A plain store to memory that others reach only after a later release or read-modify-write.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreRelaxed(ref nuint location, nuint value)
    {
#if MAGALLOC_SEAM
        if (AtomicSeam.HoldStore(ref location, value))
        {
            return;
        }
#endif
        location = value;
    }

    /// <inheritdoc cref="StoreRelaxed(ref nuint, nuint)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreRelaxed(ref ulong location, ulong value)
    {
#if MAGALLOC_SEAM
        if (AtomicSeam.HoldStore(ref Unsafe.As<ulong, nuint>(ref location), (nuint)value))
        {
            return;
        }
#endif
        location = value;
    }

    /// <typeparam name="T">A number, or a class.</typeparam>
    /// <returns>The value before.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T CompareExchange<T>(ref T location, T value, T comparand)
    {
        Step(AtomicOperation.ReadModifyWrite);
        return Interlocked.CompareExchange(ref location, value, comparand);
    }

    /// <typeparam name="T">A number, or a class.</typeparam>
    /// <returns>The value before.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Exchange<T>(ref T location, T value)
    {
        Step(AtomicOperation.ReadModifyWrite);
        return Interlocked.Exchange(ref location, value);
    }

    /// <returns>The new value.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long Add(ref long location, long value)
    {
        Step(AtomicOperation.ReadModifyWrite);
        return Interlocked.Add(ref location, value);
    }

    /// <returns>The new value.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Add(ref int location, int value)
    {
        Step(AtomicOperation.ReadModifyWrite);
        return Interlocked.Add(ref location, value);
    }

    /// <summary>Makes the value at least so much.</summary>
    public static void Raise(ref long location, long value)
    {
        long seen = Load(ref location);
        while (value > seen)
        {
            long now = CompareExchange(ref location, value, seen);
            if (now == seen)
            {
                return;
            }

            seen = now;
        }
    }

    /// <returns>The new value.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long Increment(ref long location) => Add(ref location, 1);

    /// <returns>The value before.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Or(ref ulong location, ulong bits)
    {
        Step(AtomicOperation.ReadModifyWrite);
        return Interlocked.Or(ref location, bits);
    }

    /// <returns>The value before.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Or(ref uint location, uint bits)
    {
        Step(AtomicOperation.ReadModifyWrite);
        return Interlocked.Or(ref location, bits);
    }

    /// <returns>The value before.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong And(ref ulong location, ulong bits)
    {
        Step(AtomicOperation.ReadModifyWrite);
        return Interlocked.And(ref location, bits);
    }

    /// <returns>The value before.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint And(ref uint location, uint bits)
    {
        Step(AtomicOperation.ReadModifyWrite);
        return Interlocked.And(ref location, bits);
    }

    /// <summary>A full fence: what Dekker-shaped protocols (write mine, then read yours) need.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Fence()
    {
        Step(AtomicOperation.ReadModifyWrite);
        Interlocked.MemoryBarrier();
    }

    /// <summary>
    /// A full fence on every processor that runs a thread of this process (<c>membarrier</c> on Linux). The heavy side
    /// of an asymmetric protocol whose light side is a plain store followed by a plain load.
    /// </summary>
    public static void ProcessWideFence()
    {
        Step(AtomicOperation.ReadModifyWrite);
        Interlocked.MemoryBarrierProcessWide();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Release() => Step(AtomicOperation.Store);

    [Conditional("MAGALLOC_SEAM")]
    private static void Step(AtomicOperation operation)
    {
#if MAGALLOC_SEAM
        AtomicSeam.Step(operation);
#endif
    }
}
