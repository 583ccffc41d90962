using System.Diagnostics;
using System.Runtime.Versioning;
using MagAlloc.Stress.Sharing;
using MagAlloc.Tests.Sharing.Support;
using MagAlloc.Tests.Stress.Tracing;

namespace MagAlloc.Tests.Sharing;

/// <summary>Importers in processes of their own, which do what costs them and not the owner.</summary>
[Platform("Linux")]
[SupportedOSPlatform("linux")]
[NonParallelizable]
public sealed class RogueProcessTests
{
    private const long MiB = 1 << 20;
    private const long Length = 16 * MiB;

    private static readonly TimeSpan s_start = TimeSpan.FromSeconds(30);

    [Test]
    public void WhoReadsACutOffBufferThroughItsMapping_DiesAlone()
    {
        using Shared shared = new(new BufferQueueOptions { Name = "raw", TrustImporters = true });
        using ExternalProgram rogue = Meet(shared, RogueKind.Raw, BufferProfile.Revocable);

        Assert.That(rogue.IsRunning, Is.True, "until then it may read them so");
        shared.Queue.Release(ReleaseMode.Revoke);

        Assert.That(rogue.AwaitEnd(), Is.EqualTo(134), "an AccessViolationException, which nothing catches");
        Assert.That(shared.Queue.WaitForReclaim(Shared.Soon), Is.True);
        BufferQueueStatistics books = shared.Queue.GetStatistics();
        Assert.That((books.LiveBytes, books.OrphanedBytes), Is.EqualTo((0, 0)));
    }

    /// <summary>
    /// Rereading pages that were dropped makes them anew, as zeros: the kernel charges the one who touches, and the owner drops them again. So an owner in a memory
    /// group of its own stays flat, whatever a holder does.
    /// </summary>
    [Test]
    public void WhoBringsRevokedPagesBack_IsChargedForThem()
    {
        // Both before anything is moved: what is left in them goes back to where this process is now.
        using MemoryGroup owners = MemoryGroup.Require(instead: "the other tests of this fixture: pages go and go again, whoever pays");
        using MemoryGroup rogues = MemoryGroup.Require(instead: "the same");
        owners.Add(Environment.ProcessId);

        using Shared shared = new(new BufferQueueOptions { Name = "hold" });
        using ExternalProgram rogue = Meet(shared, RogueKind.Hold, BufferProfile.Stable, rogues);
        long full = owners.Bytes, roguesStart = rogues.Bytes;
        shared.Queue.Release(ReleaseMode.Revoke);
        long flat = owners.Bytes, ownersMost = flat, roguesMost = roguesStart;
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(2))
        {
            ownersMost = Math.Max(ownersMost, owners.Bytes);
            roguesMost = Math.Max(roguesMost, rogues.Bytes);
            Thread.Sleep(1);
        }

        long all = RogueImporter.Buffers * Length;
        Assert.Multiple(() =>
        {
            Assert.That(full - flat, Is.GreaterThan(all * 3 / 4), "the owner is rid of them at once");
            Assert.That(shared.Queue.GetStatistics().Reinflations, Is.Positive, "the rogue reads");
            Assert.That(roguesMost - roguesStart, Is.GreaterThan(all / 4), "and pays");
            Assert.That(ownersMost - flat, Is.LessThan(all / 4), "which the owner does not");
            Assert.That(rogue.IsRunning, Is.True, "no touch of a stable buffer is a signal");
        });
    }

    /// <summary>Starts a rogue and gives it as many buffers as it waits for.</summary>
    private static ExternalProgram Meet(Shared shared, RogueKind kind, BufferProfile profile, MemoryGroup? group = null)
    {
        ExternalProgram rogue = ExternalProgram.Stress(new ImporterArguments(kind.ToString(), shared.Address, 1).ToArray());
        group?.Add(rogue.Id);
        BufferPeer? peer = shared.Queue.Accept(shared.Listener, s_start);
        Assert.That(peer, Is.Not.Null, () => $"it does not connect; it said: {rogue.Output}");
        shared.Queue.Create(RogueImporter.Buffers, Length, profile);
        for (int i = 0; i < RogueImporter.Buffers; i++)
        {
            shared.Queue.GetSpan(i).Fill(1);
            shared.Queue.Export(i, peer!);
        }

        rogue.AwaitOutput(output => output.Contains("done", StringComparison.Ordinal));
        return rogue;
    }
}
