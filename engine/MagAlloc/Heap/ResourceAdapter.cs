using MagAlloc.Events;
using MagAlloc.Magazines;

namespace MagAlloc;

/// <summary>A user's source as the magazine engine wants it.</summary>
/// <remarks>In magazines a resource is stored as its number + 1, because 0 marks the bottom and 0 is a legal resource.</remarks>
/// <param name="owner">Number of the cache.</param>
/// <param name="source">The user's.</param>
/// <param name="depotCapacity">Resources that depots may hold.</param>
/// <param name="faults">Plan asked before the source is, or null.</param>
internal unsafe struct ResourceAdapter<TSource>(long owner, TSource source, long depotCapacity, FaultPlan? faults) : IMagazineSource
    where TSource : struct, IResourceSource
{
    private readonly long _owner = owner;
    private readonly FaultPlan? _faults = faults;
#pragma warning disable IDE0044 // A source may change its own fields; readonly would make it change copies.
    private TSource _source = source;
#pragma warning restore IDE0044

    public static bool RunsUserCode => true;

    public long DepotBudget { get; } = depotCapacity;

    public static nuint Encode(ulong resource) => (nuint)(resource + 1);

    public static ulong Decode(nuint stored) => stored - 1;

    public int Acquire(int code, nuint* into, int count)
    {
        if (FaultPlan.Fails(_faults, FaultPoint.SourceAcquire))
        {
            return 0;
        }

        var resources = new Span<ulong>(into, count);
        int got;
        UserCall call;
        UserCall.Begin(&call, _owner);
        try
        {
            got = _source.Acquire(resources);
        }
        catch
        {
            resources.Clear();
            throw;
        }
        finally
        {
            UserCall.End(&call);
        }

        if ((uint)got > (uint)count)
        {
            throw new InvalidOperationException($"The source returned {got} from Acquire; it may return 0 to {count}.");
        }

        foreach (ref ulong resource in resources[..got])
        {
            if (resource == ulong.MaxValue)
            {
                throw new InvalidOperationException("The source handed out ulong.MaxValue, which is not a legal resource.");
            }

            resource++;
        }

        return got;
    }

    public void Release(int code, nuint* resources, int count)
    {
        var numbers = new Span<ulong>(resources, count);
        foreach (ref ulong number in numbers)
        {
            number--;
        }

        UserCall call;
        UserCall.Begin(&call, _owner);
        try
        {
            _source.Release(numbers);
        }
        finally
        {
            UserCall.End(&call);
        }
    }
}
