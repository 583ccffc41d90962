using MagAlloc.Stress.Verification;

namespace MagAlloc.Stress.Iova;

/// <summary>
/// A thread that does to the domain what may happen at any time while others allocate: a reclaim pass, trim, a flush, a look at the
/// statistics, a walk over what is in use, a reservation, a garbage collection (it finalizes what ended threads left behind).
/// It lives as long as the lanes.
/// </summary>
internal sealed class IovaCaretaker
{
    private const ulong LargestReservation = 5000;

    private readonly IovaContext _context;
    private readonly Thread _thread;
    private SplitMix64 _random;

    public IovaCaretaker(IovaContext context)
    {
        _context = context;
        _random = new SplitMix64(~context.Options.Seed);
        _thread = new Thread(Work) { IsBackground = true, Name = "caretaker" };
    }

    public void Start() => _thread.Start();

    public void Join() => _thread.Join();

    private void Work()
    {
        try
        {
            while (!_context.Stopping)
            {
                _context.StandStill.Sleep(TimeSpan.FromMilliseconds(2 + _random.Below(20)));
                Act();
            }
        }
        catch (Exception e)
        {
            _context.Failed($"caretaker: {e.GetType().Name}: {e.Message}{Environment.NewLine}{e.StackTrace}");
        }

        _context.StandStill.Leave();
    }

    private void Act()
    {
        switch (_random.Below(8))
        {
            case 0:
                _context.Domain.Trim();
                break;
            case 1:
                _context.Domain.Tick();
                break;
            case 2:
                GC.Collect();
                break;
            case 3:
                _context.Domain.Flush();
                break;
            case 4:
                WalkInUse();
                break;
            case 5:
                _context.Domain.GetStatistics();
                break;
            default:
                ReserveAndFree();
                break;
        }
    }

    // While others work only the order is sure.
    private void WalkInUse()
    {
        ulong next = _context.Domain.StartPfn;
        foreach (IovaRange range in _context.Domain.EnumerateInUse())
        {
            if (range.First < next || range.Last < range.First)
            {
                _context.Overlapped($"the walk over what is in use has {range} after a range that ends at 0x{next - 1:x}");
                return;
            }

            next = range.Last + 1;
        }
    }

    /// <summary>Reserves a part of the space below 4 GiB: what of it was free belongs to the caretaker then, and nobody may get it.</summary>
    private void ReserveAndFree()
    {
        IovaDomain domain = _context.Domain;
        ulong first = _random.Between(domain.StartPfn, domain.Dma32LastPfn - LargestReservation);
        IovaReservation reservation = domain.Reserve(first, first + _random.Below((uint)LargestReservation));
        foreach (IovaRange piece in reservation.Reserved)
        {
            if (!_context.Oracle.TryClaim(piece.First, piece.Last))
                _context.Overlapped($"{piece} was reserved though somebody holds it, at least in part");
        }

        Thread.Yield();
        foreach (IovaRange piece in reservation.Reserved)
        {
            if (!_context.Oracle.TryRelease(piece.First, piece.Last))
                _context.Overlapped($"{piece} was freed by another while it was reserved");
            if (domain.Free(piece.First))
                _context.Failed($"{piece} is reserved, but a free by pfn freed it");
            if (!domain.Free(piece))
                _context.Failed($"{piece} is reserved, but the domain has nothing to free there");
            _context.Oracle.Settle();
        }
    }
}
