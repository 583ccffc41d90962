namespace MagAlloc.Interleaving.Exploration;

/// <summary>A virtual thread's store buffer.</summary>
/// <remarks>
/// <para>Only one thread runs at a time, so a buffer needs no interception of reads: while its owner runs, the held values lie
/// in memory (<see cref="Enter"/>); while another thread runs, what was there before does (<see cref="Leave"/>). The owner
/// thus always sees its own stores, by whatever read, and the others see none until it is made visible.</para>
/// <para>Two stores to one location keep their order: the later one replaces the earlier, which is then never seen.</para>
/// </remarks>
internal sealed unsafe class StoreBuffer
{
    private readonly List<HeldStore> _held = [];
    private bool _entered;

    public int Count => _held.Count;

    /// <summary>Takes a store that the owner is making, or (<paramref name="hidden"/>) has just made.</summary>
    public void Hold(byte* location, int width, ulong value, ulong? hidden, bool isRelease)
    {
        var store = new HeldStore { Location = location, Width = width, Value = value, IsRelease = isRelease };
        store.Hidden = hidden ?? store.Memory;
        int earlier = _held.FindIndex(held => held.Location == location && held.Width == width);
        if (earlier >= 0)
        {
            store.Hidden = _held[earlier].Hidden;
            _held.RemoveAt(earlier);
        }

        store.Memory = value;
        _held.Add(store);
    }

    /// <summary>Whether the memory model lets this store become visible before the others.</summary>
    public bool MayLeave(int index) => !_held[index].IsRelease || _held.FindIndex(held => held.IsRelease) == index;

    /// <summary>Makes one store visible.</summary>
    /// <param name="index">Which.</param>
    /// <param name="running">The buffer of the thread whose stores lie in memory now.</param>
    public void Show(int index, StoreBuffer? running)
    {
        HeldStore store = _held[index];
        _held.RemoveAt(index);
        if (_entered)
        {
            return;
        }

        int mine = running is null ? -1 : running._held.FindIndex(held => held.Location == store.Location && held.Width == store.Width);
        if (mine >= 0)
        {
            // The running thread goes on seeing its own store.
            HeldStore covering = running!._held[mine];
            covering.Hidden = store.Value;
            running._held[mine] = covering;
        }
        else
        {
            store.Memory = store.Value;
        }
    }

    /// <summary>Makes everything visible; the owner is running.</summary>
    public void ShowAll() => _held.Clear();

    /// <summary>Makes the relaxed stores visible, as the owner's next release store demands.</summary>
    public void ShowRelaxed() => _held.RemoveAll(held => !held.IsRelease);

    /// <summary>The owner goes on: its stores appear.</summary>
    public void Enter()
    {
        _entered = true;
        for (int i = 0; i < _held.Count; i++)
        {
            HeldStore store = _held[i];
            store.Hidden = store.Memory;
            store.Memory = store.Value;
            _held[i] = store;
        }
    }

    /// <summary>Another thread goes on: they disappear.</summary>
    public void Leave()
    {
        _entered = false;
        for (int i = _held.Count - 1; i >= 0; i--)
        {
            HeldStore store = _held[i];
            store.Memory = store.Hidden;
        }
    }
}
