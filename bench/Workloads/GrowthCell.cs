using System.Runtime.CompilerServices;
using MagAlloc.Bench.Contenders;

namespace MagAlloc.Bench.Workloads;

/// <summary><see cref="GrowthWorkload"/> with one contender: a slice takes blocks from their first size to their last.</summary>
internal sealed unsafe class GrowthCell<TContender, TSession>(TContender contender, Growth growth, int lanes) : Cell
    where TContender : struct, IContender<TSession>
    where TSession : struct, IHeapSession, allows ref struct
{
    private const int StepBytes = 64;
    private const int AppendedBytes = 256 << 10;
    private const int Doublings = 16;
    private const int DoubledBlocksPerSlice = 16;
    private const int PageBytes = 4096;

    // The block that is made first counts as the first step.
    public override long OperationsPerSlice =>
        (long)lanes * (growth == Growth.Append ? AppendedBytes / StepBytes : DoubledBlocksPerSlice * (Doublings + 1));

    public override void Run(int lane, long slices)
    {
        using TSession session = contender.Open();
        for (; slices > 0; slices--)
        {
            if (growth == Growth.Append)
            {
                Append(session, StepBytes);
            }
            else
            {
                for (int i = 0; i < DoubledBlocksPerSlice; i++)
                {
                    Double(session, StepBytes);
                }
            }
        }
    }

    // Sizes are arguments: a constant would help the JIT where a native peer cannot follow.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Append(TSession session, int step)
    {
        AddressBlock block = session.Allocate((nuint)step);
        block.Touch();
        for (int bytes = 2 * step; bytes <= AppendedBytes; bytes += step)
        {
            block = session.Reallocate(block, (nuint)bytes);
            block.Touch();
            *((byte*)block.Address + bytes - step) = 1;
        }

        session.Free(block);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Double(TSession session, int bytes)
    {
        AddressBlock block = session.Allocate((nuint)bytes);
        block.Touch();
        for (int i = 0; i < Doublings; i++)
        {
            block = session.Reallocate(block, (nuint)bytes * 2);
            block.Touch();
            for (int at = bytes; at < bytes * 2; at += PageBytes)
            {
                *((byte*)block.Address + at) = 1;
            }

            bytes *= 2;
        }

        session.Free(block);
    }
}
