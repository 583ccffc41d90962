using System.Runtime.Versioning;
using MagAlloc.Tests.Platform;
using MagAlloc.Tests.Sharing.Support;

namespace MagAlloc.Tests.Sharing;

/// <summary>A request is compared as a whole with what the machine and its control groups have left, before anything of it is made.</summary>
[Platform("Linux")]
[SupportedOSPlatform("linux")]
[NonParallelizable]
public sealed class MachineMemoryTests
{
    private const long MiB = 1 << 20;

    [Test]
    public void ARequest_ThatFitsBufferByBuffer_IsRefusedAsAWhole()
    {
        using FakeMachine machine = new(available: 256, total: 1000);
        using Shared shared = new(new BufferQueueOptions { Name = "films", Budget = machine.Budget });

        BufferException refused = shared.RefusedWithoutTrace(BufferError.OutOfMemory, () => shared.Queue.Request(32, 16 * MiB));
        Assert.That(refused.Message, Is.EqualTo(
            $"films: no memory for 32 buffers of {16 * MiB} bytes: the machine has {256 * MiB} of its {1000 * MiB} bytes left (MemAvailable and SwapFree). Ask for fewer or smaller ones."));
        shared.RefusedWithoutTrace(BufferError.OutOfMemory, () => shared.Queue.Create(17, 16 * MiB));
        Assert.That(shared.Queue.Request(2, 16 * MiB), Is.EqualTo(2));
        Assert.That(shared.Queue.Create(2, 16 * MiB).Count, Is.EqualTo(2), "nothing stays claimed");
    }

    [Test]
    public void ARequest_IsHeldToTheGroup()
    {
        using FakeMachine machine = new(available: 10_000);
        machine.Place("0::/app\n", "30 22 0:27 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw");
        machine.Group2("sys/fs/cgroup/app", FakeMachine.Text(256 * MiB), 6 * MiB);
        using Shared shared = new(new BufferQueueOptions { Name = "films", Budget = machine.Budget });

        BufferException refused = Assert.Throws<BufferException>(() => shared.Queue.Request(32, 16 * MiB))!;
        Assert.That(refused.Error, Is.EqualTo(BufferError.OutOfMemory));
        Assert.That(refused.Message, Does.Contain("memory.max of the control group /app leaves"));
    }

    [Test]
    public void WhatOthersTakeMeanwhile_IsSeenBeforeTheNextBuffer()
    {
        using FakeMachine machine = new(available: 256);
        using Shared shared = new(new BufferQueueOptions { Name = "films", Budget = machine.Budget, MinBuffers = 8 });
        Thread thief = new(() =>
        {
            SpinWait.SpinUntil(() => shared.Queue.GetStatistics().LiveBytes > 0, Shared.Soon);
            machine.SetAvailable(8);
        });
        thief.Start();
        try
        {
            int made = shared.Queue.Request(8, 16 * MiB);
            Assert.That(made, Is.InRange(8, 8), "all of it, if the thief came too late");
        }
        catch (BufferException e)
        {
            Assert.That(e.Error, Is.EqualTo(BufferError.OutOfMemory));
            Assert.That(shared.Queue.GetStatistics().LiveBuffers, Is.Zero);
        }

        thief.Join();
        Assert.That(() => shared.Queue.Create(1, 16 * MiB), Throws.TypeOf<BufferException>().With.Property("Error").EqualTo(BufferError.OutOfMemory));
    }

    [TestCase(1)]
    [TestCase(4)]
    public void AFaultInTheClaim_LeavesNothing(int nth)
    {
        FaultPlan plan = FaultPlan.FailNth(nth).At(FaultPoint.FileLength);
        plan.Enabled = false;
        using FakeMachine machine = new(available: 1000);
        using Shared shared = new(new BufferQueueOptions { Name = "films", Faults = plan, MinBuffers = 3, Budget = machine.Budget });
        plan.Enabled = true;

        // The claim of the whole, and the look before the second buffer.
        BufferException refused = Assert.Throws<BufferException>(() => shared.Queue.Request(3, 16 * MiB))!;
        Assert.That(refused.Error, Is.EqualTo(BufferError.OutOfMemory));
        Assert.That(shared.Queue.GetStatistics(), Has.Property("LiveBuffers").Zero.And.Property("LiveBytes").Zero);
        Assert.That(refused.Message, Does.StartWith("films: a fault plan refused memory for "));
        Assert.That(machine.Budget.Claimed, Is.Zero);
        Assert.That(shared.Queue.Request(3, 16 * MiB), Is.EqualTo(3));
    }

    [Test]
    public void InARealControlGroup_TheRequestIsRefused_AndTheProcessLives()
    {
        using MemoryGroup group = MemoryGroup.Require(instead: "the tests of this fixture with an imitated machine");
        group.Limit(256 * MiB);
        group.Add(Environment.ProcessId);
        using Shared shared = new();

        BufferException refused = Assert.Throws<BufferException>(() => shared.Queue.Request(32, 16 * MiB))!;
        Assert.That(refused.Error, Is.EqualTo(BufferError.OutOfMemory));
        Assert.That(refused.Message, Does.Contain("of the control group /magalloc-test-"));
        Assert.That(shared.Queue.Request(4, 16 * MiB), Is.EqualTo(4));

        // One by one there is an end too.
        Assert.That(
            () =>
            {
                while (true)
                {
                    shared.Queue.Create(1, 16 * MiB);
                }
            },
            Throws.TypeOf<BufferException>().With.Property("Error").EqualTo(BufferError.OutOfMemory));
        Assert.That(shared.Queue.GetStatistics().LiveBuffers, Is.InRange(6, 15));
    }
}
