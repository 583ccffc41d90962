using System.Runtime.Versioning;
using MagAlloc.Interleaving.Exploration;

namespace MagAlloc.Interleaving.Sharing;

/// <summary>
/// Every sequence of moves that the owner, importers, the kernel and the caretaker can make under the queue's lock, up
/// to a depth: that lock makes any concurrent program one of these sequences. Also the moves that a state does not
/// allow are tried, and must be refused.
/// </summary>
[TestFixture]
[Platform("Linux")]
[SupportedOSPlatform("linux")]
public sealed class BufferLedgerTests
{
    private readonly QueueBells _bells = new("model", null);

    [OneTimeTearDown]
    public void End() => _bells.Dispose();

    /// <summary>
    /// From the making to the slot's next use: exports, pins, releases, revocations that succeed or are refused,
    /// closings, and importers that let go or leave.
    /// </summary>
    [Test]
    public void A_buffers_life()
    {
        List<Move> moves =
        [
            new("gone 0", world => world.Disconnect(0)),
        ];
        for (int each = 0; each < BufferWorld.Count; each++)
        {
            int i = each;
            moves.AddRange(
            [
                new($"make {i}", world => world.Make(i)),
                new($"export {i}", world => world.Export(i, 0)),
                new($"pin {i}", world => world.Pin(i)),
                new($"unpin {i}", world => world.Unpin(i)),
                new($"release {i}", world => world.Release(i)),
                new($"let go {i}", world => world.LetGo(i, 0)),
                new($"begin revoking {i}", world => world.BeginRevoking(i)),
                new($"end revoking {i}", world => world.EndRevoking(i)),
                new($"put back {i}", world => world.PutBack(i)),
                new($"begin closing {i}", world => world.BeginClosing(i)),
                new($"end closing {i}", world => world.EndClosing(i)),
            ]);
        }

        (int states, bool isAll) = Explore([], moves, depth: 30);
        Assert.That((states > 300, isAll), Is.EqualTo((true, true)));
    }

    /// <summary>
    /// Two frames and two importers, of which one or both have no room now and then, say too much, let go or leave,
    /// while the stream is stopped and started.
    /// </summary>
    [Test]
    public void A_frames_way()
    {
        List<Move> moves =
        [
            new("start", world => world.Start()),
            new("stop", world => world.Stop()),
            new("dequeue", world => world.Dequeue()),
            new("serve", world => world.ServeWaiting()),
        ];
        for (int each = 0; each < BufferWorld.Count; each++)
        {
            int i = each;
            moves.AddRange(
            [
                new($"queue {i}", world => world.Queue(i)),
                new($"export {i} to 0", world => world.Export(i, 0)),
                new($"export {i} to 1", world => world.Export(i, 1)),
                new($"{i} acknowledged by 0", world => world.Acknowledge(i, 0)),
                new($"{i} acknowledged by 1", world => world.Acknowledge(i, 1)),
                new($"{i} let go by 0", world => world.LetGo(i, 0)),
                new($"room {i}", world => world.TurnRoom(i)),
                new($"gone {i}", world => world.Disconnect(i)),
            ]);
        }

        Assert.That(Explore([Make(0), Make(1)], moves, depth: 8).States, Is.GreaterThan(5_000));
    }

    /// <summary>
    /// A frame is on its way while its buffer is released, revoked and closed, and another one takes the place.
    /// </summary>
    [Test]
    public void A_frame_whose_buffer_goes()
    {
        List<Move> moves =
        [
            Make(0),
            new("stop", world => world.Stop()),
            new("start", world => world.Start()),
            new("dequeue", world => world.Dequeue()),
            new("gone 0", world => world.Disconnect(0)),
            new("room 0", world => world.TurnRoom(0)),
            new("export", world => world.Export(0, 0)),
            new("queue", world => world.Queue(0)),
            new("queue 1", world => world.Queue(1)),
            new("acknowledged", world => world.Acknowledge(0, 0)),
            new("acknowledged 1", world => world.Acknowledge(1, 0)),
            new("let go", world => world.LetGo(0, 0)),
            new("release", world => world.Release(0)),
            new("begin revoking", world => world.BeginRevoking(0)),
            new("end revoking", world => world.EndRevoking(0)),
            new("begin closing", world => world.BeginClosing(0)),
            new("put back", world => world.PutBack(0)),
            new("end closing", world => world.EndClosing(0)),
        ];
        Assert.That(Explore([Make(0), Make(1), new("export 1", world => world.Export(1, 0)), new("start", world => world.Start())], moves, depth: 8).States, Is.GreaterThan(1_000));
    }

    private static Move Make(int i) => new($"make {i}", world => world.Make(i));

    /// <summary>Breadth first: each state is reached by a shortest sequence, and left by every move.</summary>
    /// <returns>The number of states, and whether there are no others.</returns>
    private (int States, bool IsAll) Explore(Move[] first, List<Move> moves, int depth)
    {
        HashSet<string> seen = [];
        List<Move[]> reached = [first];
        long tried = 0;
        for (int step = 0; step < depth && reached.Count != 0; step++)
        {
            List<Move[]> next = [];
            foreach (Move[] path in reached)
            {
                foreach (Move move in moves)
                {
                    tried++;
                    Move[] longer = [.. path, move];
                    if (Run(longer) is { } key && seen.Add(key))
                    {
                        next.Add(longer);
                    }
                }
            }

            reached = next;
        }

        TestContext.Out.WriteLine($"{seen.Count} states, {tried} moves, {(reached.Count == 0 ? "all there are" : $"up to {depth} moves deep")}");
        return (seen.Count, reached.Count == 0);
    }

    /// <returns>The state behind a sequence whose last move is new; null if that move cannot be made there.</returns>
    private string? Run(Move[] path)
    {
        var world = new BufferWorld(_bells);
        try
        {
            bool moved = true;
            foreach (Move move in path)
            {
                moved = move.Make(world);
            }

            world.Check();
            return moved ? world.Key() : null;
        }
        catch (InterleavingException broken)
        {
            throw new AssertionException($"{string.Join(", ", path.Select(move => move.Name))}: {broken.Message}", broken);
        }
    }

    private sealed record Move(string Name, Func<BufferWorld, bool> Make);
}
