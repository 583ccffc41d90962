using System.Collections.Concurrent;
using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Misuse;

/// <summary>
/// The misuse cases of hardened allocators' test sets, and who catches them:
/// <list type="table">
/// <listheader><term>case</term><description>None | Basic | Full</description></listheader>
/// <item><term>overflow, underflow of a small block</term><description>- | - | RedZone at free</description></item>
/// <item><term>double free</term><description>at its slab | DoubleFree at once | likewise, with both stacks</description></item>
/// <item><term>free of a foreign pointer</term><description>ForeignPointer | ForeignPointer | ForeignPointer</description></item>
/// <item><term>free of an interior pointer</term><description>- | Misaligned, Foreign or DoubleFree | likewise</description></item>
/// <item><term>sized free of another class</term><description>- | WrongSize | WrongSize</description></item>
/// <item><term>write after free</term><description>- | - | WriteAfterFree on reuse</description></item>
/// <item><term>leak</term><description>- | - | LeaksDetected at Dispose</description></item>
/// </list>
/// This class runs one offence and collects what the heap said about it.
/// </summary>
internal sealed class Caught : IDisposable
{
    private readonly ConcurrentQueue<MisuseReport> _events = new();

    public Caught(CheckLevel checks)
    {
        Heap = Heaps.Quiet(checks);
        Heap.MisuseDetected += _events.Enqueue;
    }

    public NativeHeap Heap { get; }

    public IReadOnlyCollection<MisuseReport> Events => _events;

    /// <summary>Runs the offence, which must be refused on the offender's stack, reported by the event and counted.</summary>
    public MisuseReport Offence(Action<NativeHeap> offence, params MisuseKind[] kinds)
    {
        int before = _events.Count;
        long counted = Heap.GetStatistics().Misuses;
        HeapMisuseException? refusal = null;
        try
        {
            offence(Heap);
        }
        catch (HeapMisuseException e)
        {
            refusal = e;
        }

        Assert.That(refusal, Is.Not.Null, $"{Heap.Checks}: nothing was caught");
        Assert.That(kinds, Does.Contain(refusal!.Kind), refusal.Message);
        Assert.That(refusal.Report.Kind, Is.EqualTo(refusal.Kind));
        Assert.That(refusal.Report.Address, Is.EqualTo(refusal.Address));
        Assert.That(refusal.Report.HeapName, Is.EqualTo(Heap.Name));
        Assert.That(refusal.Report.Message, Is.Not.Empty);
        Assert.That(_events, Has.Count.EqualTo(before + 1), "MisuseDetected is raised once");
        Assert.That(_events.Last().Kind, Is.EqualTo(refusal.Kind));
        Assert.That(Heap.GetStatistics().Misuses, Is.EqualTo(counted + 1));
        return refusal.Report;
    }

    /// <summary>The heap still does its work after the offence.</summary>
    public unsafe void StillUsable()
    {
        nint[] blocks = new nint[500];
        foreach (nuint size in (nuint[])[8, 64, 4096])
        {
            Assert.That(Heap.AllocateMany(size, blocks), Is.EqualTo(blocks.Length));
            Assert.That(blocks.Distinct().Count(), Is.EqualTo(blocks.Length), "a block was handed out twice");
            for (int i = 0; i < blocks.Length; i++)
            {
                BlockPattern.Fill((void*)blocks[i], size, 1, i);
            }

            for (int i = 0; i < blocks.Length; i++)
            {
                Assert.That(BlockPattern.FirstMismatch((void*)blocks[i], size, 1, i), Is.EqualTo(-1));
            }

            Heap.FreeMany(blocks);
        }

        Heap.Free(Heap.Allocate(262_144));
    }

    public void Dispose() => Heap.Dispose();
}
