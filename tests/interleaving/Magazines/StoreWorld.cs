using MagAlloc.Concurrency;
using MagAlloc.Interleaving.Exploration;
using MagAlloc.Magazines;

namespace MagAlloc.Interleaving.Magazines;

/// <summary>A store of magazines, with a record of who holds which.</summary>
internal sealed unsafe class StoreWorld : IDisposable
{
    private readonly Dictionary<uint, ulong> _held = [];
    private readonly MagazineStore _store;
    private ulong _lastHolder;

    public StoreWorld(long limit = long.MaxValue, int given = 0)
    {
        Committed = new BoundedCounter(limit);
        _store = new MagazineStore(64, Committed, faults: null);
        uint[] taken = [.. Enumerable.Range(0, given).Select(_ => Take()!.Value)];
        foreach (uint index in taken)
        {
            Give(index);
        }
    }

    public BoundedCounter Committed { get; }

    public uint? Take()
    {
        if (!_store.TryTake(out uint index))
        {
            return null;
        }

        ulong holder = ++_lastHolder;
        Must.Hold(_held.TryAdd(index, holder), $"magazine {index} was handed out twice");
        Contents(index) = holder;
        return index;
    }

    public void Give(uint index)
    {
        CheckContents(index);
        _held.Remove(index);
        _store.Give(index);
    }

    public void TakeAndGive(int times)
    {
        for (int i = 0; i < times; i++)
        {
            if (Take() is uint index)
            {
                Give(index);
            }
        }
    }

    public void Trim() => _store.Trim();

    /// <summary>At rest: held magazines have their contents, and a trim leaves only their pages charged.</summary>
    /// <param name="missing">Magazines, each on a page of its own at worst, that a stopped thread may hold.</param>
    public void Check(int missing = 0)
    {
        _store.Trim();
        foreach (uint index in _held.Keys)
        {
            CheckContents(index);
        }

        int pageBytes = Environment.SystemPageSize;
        int pages = _held.Keys.Select(index => (int)index * Magazine.Bytes / pageBytes).Distinct().Count();
        long charged = Committed.Value / pageBytes;
        Must.Hold(charged >= pages && charged <= pages + missing, $"{charged} pages are charged, {pages} are held, {missing} may be missing");
    }

    public void Dispose() => _store.Release();

    private ref ulong Contents(uint index) => ref *(ulong*)(_store.AddressOf(index) + 512);

    private void CheckContents(uint index)
        => Must.Hold(Contents(index) == _held[index], "a magazine keeps its contents while it is held");
}
