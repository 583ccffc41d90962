using MagAlloc.Stress.Iova;

namespace MagAlloc.Tests.Stress.Iova;

/// <summary>A run without a finding means something only if a finding would have been made.</summary>
public sealed class IovaOracleTests
{
    [TestCase((int)RequestWay.Fast)]
    [TestCase((int)RequestWay.Aligned)]
    [TestCase((int)RequestWay.Unaligned)]
    public void ARangeThatSomebodyHolds_IsReportedAndEndsTheRun(int way) => Try((context, operations) =>
    {
        // Somebody holds the whole space but does not have it from the domain.
        context.Oracle.TryClaim(0, context.Domain.LastPfn);

        operations.TryAllocate(4, context.Domain.LastPfn, (RequestWay)way, out _);

        Assert.That((context.Overlaps, context.Stopping), Is.EqualTo((1, true)));
    });

    [Test]
    public void ARangeThatIsFreedTwice_IsReported() => Try((context, operations) =>
    {
        operations.TryAllocate(4, context.Domain.LastPfn, RequestWay.Aligned, out LiveRange range);
        operations.Free(in range);
        Assert.That(context.Overlaps, Is.Zero);

        operations.Free(in range);

        Assert.That(context.Overlaps, Is.EqualTo(1));
        Assert.That(context.Log.Messages(), Has.Some.Contains("nothing to free"));
    });

    [Test]
    public void ARefusalWhileThereIsRoom_IsAFalseExhaustion() => Try((context, operations) =>
    {
        // The oracle does not know who has it: to it the space is free.
        context.Domain.Allocate(context.Domain.LastPfn, context.Domain.LastPfn, sizeAligned: false);

        Assert.That(operations.TryAllocate(4, context.Domain.LastPfn, RequestWay.Fast, out _), Is.False);

        Assert.That((context.FalseExhaustions, context.Log.Failures), Is.EqualTo((1, 1)));
    });

    [Test]
    public void ARefusalWithoutRoom_IsNone() => Try((context, operations) =>
    {
        const ulong Limit = 1000;
        Assert.That(operations.TryAllocate(Limit, Limit, RequestWay.Unaligned, out _), Is.True);

        Assert.That(operations.TryAllocate(4, Limit, RequestWay.Fast, out _), Is.False);

        Assert.That((operations.Counters.Proofs, context.FalseExhaustions, context.Log.Failures), Is.EqualTo((1, 0, 0)));
    });

    [Test]
    public void WhatIsFound_IsWhatIsHeld() => Try((context, operations) =>
    {
        operations.TryAllocate(33, context.Domain.LastPfn, RequestWay.Fast, out LiveRange range);
        operations.Find(in range);
        Assert.That(context.Log.Failures, Is.Zero);

        operations.Find(range with { Last = range.Last + 1 });

        Assert.That(context.Log.Failures, Is.EqualTo(1));
    });

    private static void Try(Action<IovaContext, RangeOperations> body)
    {
        using IovaDomain domain = new(options: new IovaDomainOptions { AddressBits = 36, Reclaim = ReclaimOptions.Manual });
        using IovaContext context = new(new IovaStressOptions { Threads = 1 }, domain);
        context.StandStill.Leave(); // There is no caretaker.
        body(context, new RangeOperations(context, seed: 5, _ => true));
    }
}
