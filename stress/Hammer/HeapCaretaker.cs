using MagAlloc.Stress.Verification;

namespace MagAlloc.Stress.Hammer;

/// <summary>
/// A thread that does to the heap what may happen at any time while others allocate: trim, a reclaim pass, a look at the
/// statistics, a garbage collection (it finalizes what ended threads left behind, in a race with the reclaim worker, which
/// also looks after them). It lives as long as the lanes.
/// </summary>
internal sealed class HeapCaretaker
{
    private readonly HammerContext _context;
    private readonly Thread _thread;
    private SplitMix64 _random;

    public HeapCaretaker(HammerContext context)
    {
        _context = context;
        _random = new SplitMix64(~context.Options.Seed);
        _thread = new Thread(Work) { IsBackground = true, Name = "hammer caretaker" };
    }

    public void Start() => _thread.Start();

    public void Join() => _thread.Join();

    private void Work()
    {
        try
        {
            while (!_context.Stopping)
            {
                Thread.Sleep((int)(5 + _random.Below(60)));
                switch (_random.Below(5))
                {
                    case 0:
                        _context.Heap.Trim();
                        break;
                    case 1:
                        _context.Heap.Tick();
                        break;
                    case 2:
                        GC.Collect();
                        break;
                    default:
                        Examine(_context.Heap.GetStatistics());
                        break;
                }
            }
        }
        catch (Exception e)
        {
            _context.Log.Failed($"caretaker: {e.GetType().Name}: {e.Message}{Environment.NewLine}{e.StackTrace}");
            _context.Stop();
        }
    }

    private void Examine(HeapStatistics statistics)
    {
        // The only balance that must hold while others work: what is committed keeps to the limit the heap was given.
        if (statistics.CommittedBytes > _context.Options.ByteLimit)
        {
            _context.Log.Failed($"{statistics.CommittedBytes} B are committed, above the limit of {_context.Options.ByteLimit} B");
            _context.Stop();
        }
    }
}
