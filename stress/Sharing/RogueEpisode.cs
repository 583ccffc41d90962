using System.Diagnostics;
using System.Runtime.Versioning;
using MagAlloc.Tooling.Measurement;

namespace MagAlloc.Stress.Sharing;

/// <summary>One rogue from its start to the proof that everything is back: it gets buffers, misbehaves, and they are taken from it.</summary>
[SupportedOSPlatform("linux")]
internal sealed class RogueEpisode(ShareContext context, RogueKind kind, LatencyHistogram revocation)
{
    private static readonly TimeSpan s_start = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_settle = TimeSpan.FromSeconds(10);

    // While a rogue touches what was revoked: long enough for several looks of the owner's.
    private static readonly TimeSpan s_misbehaviour = TimeSpan.FromMilliseconds(350);

    private readonly BufferQueue _queue = context.Queue;

    public void Run(ulong seed)
    {
        BufferQueueStatistics before = _queue.GetStatistics();
        ImporterProcess rogue = context.Importers.Start(kind.ToString(), seed);
        try
        {
            Meet(rogue, in before);
        }
        finally
        {
            context.Importers.End(rogue);
        }

        if (!_queue.WaitForReclaim(s_settle))
            Failed($"held buffers are left after it and its holders were killed: {_queue.GetStatistics()}");
    }

    private void Meet(ImporterProcess rogue, in BufferQueueStatistics before)
    {
        if (!SpinWait.SpinUntil(() => rogue.Peer is not null || rogue.HasEnded || context.Stopping, s_start) || rogue.Peer is null)
        {
            if (!context.Stopping)
                Failed("it did not connect");
            return;
        }

        List<int> given = [];
        long revocable = Give(rogue.Peer, given);
        bool isDone = rogue.WaitUntilDone(s_start);
        if (!isDone && !context.Stopping)
            Failed("it did not get round to it");
        if (kind is RogueKind.Repass or RogueKind.Fork)
        {
            // Liveness starts reclamation, the lease decides it: the dead one's heirs hold everything.
            rogue.Kill();
            SpinWait.SpinUntil(() => !rogue.Peer.IsConnected, s_settle);
        }

        long start = Stopwatch.GetTimestamp();
        foreach (int index in given)
            _queue.Remove(index, 1);
        ExpectHeld(rogue);
        bool back = SpinWait.SpinUntil(HasGivenBackAllItCan, s_settle);
        revocation.RecordSince(start);
        if (!back)
            Failed($"what it holds was not revoked: {_queue.GetStatistics()}");
        if (kind is RogueKind.Hold or RogueKind.Raw)
            Thread.Sleep(s_misbehaviour);
        ExpectFate(rogue);
        ExpectEffect(in before, revocable);

        // It never acknowledges: the stream would wait for ever.
        rogue.Peer.Disconnect();
    }

    /// <summary>Buffers of all profiles for it alone, and a share of the stream.</summary>
    /// <returns>Bytes that can be revoked.</returns>
    private long Give(BufferPeer peer, List<int> given)
    {
        long revocable = 0;
        try
        {
            foreach (BufferProfile profile in Enum.GetValues<BufferProfile>())
            {
                BufferRange one = _queue.Create(1, ShareContext.LargestPrivate, profile);
                given.Add(one.First);
                FramePattern.Fill(_queue.GetSpan(one.First), (ulong)one.First);
                if (profile == BufferProfile.Immutable)
                    _queue.Freeze(one.First);
                else
                    revocable += ShareContext.LargestPrivate;
                _queue.Export(one.First, peer, profile == BufferProfile.Stable ? BufferAccess.ReadWrite : BufferAccess.ReadOnly);
            }

            _queue.Export(0, peer);
        }
        catch (BufferException e) when (kind == RogueKind.Garbage && e.Error == BufferError.Ended)
        {
            // Thrown out already.
        }

        return revocable;
    }

    /// <summary>
    /// All but the immutable buffer. Whoever is thrown out for garbage may or may not have that in his socket, which stays his while he lives; and a raw reader,
    /// as the one whom things are passed on to is, does not live long.
    /// </summary>
    private bool HasGivenBackAllItCan()
    {
        long left = _queue.GetStatistics().OrphanedBytes;
        return left == ShareContext.LargestPrivate || (left == 0 && kind is RogueKind.Garbage or RogueKind.Raw or RogueKind.Repass);
    }

    private void ExpectHeld(ImporterProcess rogue)
    {
        BufferQueueStatistics books = _queue.GetStatistics();
        if (kind != RogueKind.Garbage && books.OrphanedBuffers + books.RevokedBuffers == 0 && !context.Stopping)
            Failed($"the kernel does not see what it (holders {string.Join(", ", rogue.Holders)}) holds: {books}");
    }

    /// <summary>
    /// A touch of a stable buffer's mapping is no signal, whatever has become of its pages; one of a revocable buffer's that was cut off is, and ends the one that
    /// touched, alone.
    /// </summary>
    private void ExpectFate(ImporterProcess rogue)
    {
        if (context.Stopping)
            return;
        if (kind == RogueKind.Hold && rogue.HasEnded)
            Failed("a touch of a revoked stable buffer has ended it");
        if (kind == RogueKind.Raw && !SpinWait.SpinUntil(() => rogue.HasEnded, s_settle))
            Failed("it reads a revocable buffer that was revoked");
    }

    /// <summary>A rogue that does nothing proves nothing.</summary>
    private void ExpectEffect(in BufferQueueStatistics before, long revocable)
    {
        BufferQueueStatistics now = _queue.GetStatistics();
        bool seen = kind switch
        {
            RogueKind.Hold => now.Reinflations > before.Reinflations,
            RogueKind.Liar => now.FalseReleases > before.FalseReleases,
            RogueKind.Garbage => now.Misuses > before.Misuses,
            _ => now.Revocations > before.Revocations && revocable != 0,
        };
        if (!seen && !context.Stopping)
            Failed($"its misbehaviour is nowhere in the books: {now}");
    }

    private void Failed(string what)
    {
        context.Log.Failed($"rogue ({kind}): {what}");
        context.Stop();
    }
}
