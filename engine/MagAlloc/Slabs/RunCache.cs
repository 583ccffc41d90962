using MagAlloc.Concurrency;

namespace MagAlloc.Slabs;

/// <summary>
/// Runs that were freed a moment ago, kept whole: the next request of about that size takes one in one step, and its
/// committed pages with it.
/// </summary>
/// <remarks>
/// <para>A few places, each a word: number of chunks and first chunk + 1, or 0. An exchange puts a run there, a
/// compare-and-swap takes it out; whoever took the word owns the run. <b>No ABA:</b> the word is the run itself, not a
/// reference to what may have changed.</para>
/// <para>What lies here counts as dirty memory: it goes before the peak of the committed bytes rises, when a request
/// finds no room, and when nobody took it for an interval (<see cref="Evict"/>).</para>
/// <para>Any thread, any time, lock-free.</para>
/// </remarks>
internal sealed unsafe class RunCache(Arena arena)
{
    private const int Places = 16;

    // A run up to twice as long as what is asked for is cut; to cut a longer one would leave crumbs of all large ones.
    private const int LargestCut = 2;

    private readonly ulong[] _places = new ulong[Places];
    private PaddedLong _blocks;
    private PaddedLong _bytes;
    private int _victim;

    /// <summary>Runs in use.</summary>
    public long Blocks
    {
        get
        {
            // The places first: what is put there in between counts as in use, and no sum falls below 0.
            long free = 0;
            for (int i = 0; i < Places; i++)
            {
                free += Atomic.Load(ref _places[i]) != 0 ? 1 : 0;
            }

            return Math.Max(0, Atomic.Load(ref _blocks.Value) - free);
        }
    }

    /// <summary>Bytes of the runs in use, in whole pages.</summary>
    public long Bytes
    {
        get
        {
            long free = 0;
            for (int i = 0; i < Places; i++)
            {
                ulong run = Atomic.Load(ref _places[i]);
                free += run != 0 ? Rounded((nuint)arena.Header(FirstOf(run)).RunBytes) : 0;
            }

            return Math.Max(0, Atomic.Load(ref _bytes.Value) - free);
        }
    }

    /// <summary>What is committed of the runs that lie here.</summary>
    public long CommittedBytes
    {
        get
        {
            long bytes = 0;
            for (int i = 0; i < Places; i++)
            {
                ulong run = Atomic.Load(ref _places[i]);
                if (run != 0)
                {
                    // All of a run is committed, but for the end of its last chunk.
                    int last = FirstOf(run) + ChunksOf(run) - 1;
                    bytes += ((long)(ChunksOf(run) - 1) << Arena.ChunkShift) + arena.CommittedBytes(last);
                }
            }

            return bytes;
        }
    }

    public long Rounded(nuint byteCount) => (long)((byteCount + (nuint)arena.PageBytes - 1) & ~(nuint)(arena.PageBytes - 1));

    /// <summary>Books runs, or a run that has become longer or shorter.</summary>
    public void Count(int blocks, long bytes)
    {
        if (blocks != 0)
        {
            Atomic.Add(ref _blocks.Value, blocks);
        }

        if (bytes != 0)
        {
            Atomic.Add(ref _bytes.Value, bytes);
        }
    }

    /// <summary>Keeps a run that the caller owns and whose head is marked as returned. Another one may go for it.</summary>
    public void Put(int first, int chunks)
    {
        ulong run = ((ulong)(uint)chunks << 32) | ((uint)first + 1);
        for (int i = 0; i < Places; i++)
        {
            if (Atomic.Load(ref _places[i]) == 0 && Atomic.CompareExchange(ref _places[i], run, 0UL) == 0)
            {
                return;
            }
        }

        arena.Committed.Transit.Begin();
        ulong former = Atomic.Exchange(ref _places[Atomic.Add(ref _victim, 1) & (Places - 1)], run);
        if (former != 0)
        {
            Free(former);
        }

        arena.Committed.Transit.End();
    }

    /// <summary>Takes the shortest run that is long enough and not much too long. What it is too long by goes to the arena.</summary>
    /// <param name="chunks">Chunks that are needed.</param>
    /// <param name="alignment">Of the first one, in chunks; a power of two.</param>
    /// <param name="first">The first chunk of the run, which is the caller's; its books are not changed.</param>
    public bool TryTake(int chunks, int alignment, out int first)
    {
        while (true)
        {
            int place = -1;
            ulong best = 0;
            for (int i = 0; i < Places; i++)
            {
                ulong run = Atomic.Load(ref _places[i]);
                if (ChunksOf(run) >= chunks && ChunksOf(run) <= LargestCut * (long)chunks && (FirstOf(run) & (alignment - 1)) == 0
                    && (place < 0 || ChunksOf(run) < ChunksOf(best)))
                {
                    (place, best) = (i, run);
                    if (ChunksOf(run) == chunks)
                    {
                        break;
                    }
                }
            }

            first = FirstOf(best);
            if (place < 0)
            {
                return false;
            }

            if (ChunksOf(best) == chunks)
            {
                if (Atomic.CompareExchange(ref _places[place], 0UL, best) == best)
                {
                    return true;
                }
            }
            else if (TryCut(place, best, chunks))
            {
                return true;
            }
        }
    }

    /// <summary>Gives the chunks of runs back to the arena, still committed.</summary>
    /// <param name="unusedSince">Only those that were freed before this reclaim pass.</param>
    /// <param name="most">At most so many.</param>
    /// <returns>Whether there was one.</returns>
    public bool Evict(int unusedSince, int most = int.MaxValue)
    {
        int evicted = 0;
        arena.Committed.Transit.Begin();
        for (int i = 0; i < Places && evicted < most; i++)
        {
            ulong run = Atomic.Load(ref _places[i]);
            if (run != 0 && arena.Header(FirstOf(run)).LastReturn - unusedSince < 0
                && Atomic.CompareExchange(ref _places[i], 0UL, run) == run)
            {
                Free(run);
                evicted++;
            }
        }

        arena.Committed.Transit.End();
        return evicted > 0;
    }

    public void Mark(int first, int chunks, byte code) => new Span<byte>(arena.PageMap + first, chunks).Fill(code);

    /// <summary>Gives back a run, or the end of one, to the arena.</summary>
    public void FreeChunks(int first, int chunks, int lastReturn)
    {
        Mark(first, chunks, PageMap.Returned);
        arena.FreeChunks(first, chunks, lastReturn);
    }

    private bool TryCut(int place, ulong run, int chunks)
    {
        arena.Committed.Transit.Begin();
        bool taken = Atomic.CompareExchange(ref _places[place], 0UL, run) == run;
        if (taken)
        {
            FreeChunks(FirstOf(run) + chunks, ChunksOf(run) - chunks, arena.Header(FirstOf(run)).LastReturn);
        }

        arena.Committed.Transit.End();
        return taken;
    }

    private static int FirstOf(ulong run) => (int)(uint)run - 1;

    private static int ChunksOf(ulong run) => (int)(run >> 32);

    private void Free(ulong run)
    {
        ref ChunkHeader header = ref arena.Header(FirstOf(run));
        Count(-1, -Rounded((nuint)header.RunBytes));
        FreeChunks(FirstOf(run), ChunksOf(run), header.LastReturn);
    }
}
