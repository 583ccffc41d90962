using System.Diagnostics.CodeAnalysis;
using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using MagAlloc.Events;

namespace MagAlloc.Diagnostics;

/// <summary>The meter <c>MagAlloc</c>: what the owners' books say, read when somebody asks.</summary>
/// <remarks>
/// All instruments are observable: nothing is counted for them, and without a listener they cost nothing. Owners of one
/// name and kind are one series, the sum of those that live; what an owner has counted ends with it. Units follow
/// OpenTelemetry.
/// </remarks>
[SuppressMessage("Design", "CA1001", Justification = "One a process, for as long as it lives.")]
public sealed class MagAllocMeter
{
    /// <summary>Name of the meter, for listeners.</summary>
    public const string MeterName = "MagAlloc";

    // Held, because a listener may look for instruments at any time.
    private static readonly MagAllocMeter s_instance = new();

    private readonly Lock _lock = new();
    private Meter _meter = OfTheProcess();
    private int _publications;

    private MagAllocMeter() => PublishAll();

    /// <summary>
    /// Has a meter of a factory carry the instruments, in place of the process's own one, which listeners see end. When
    /// the factory is disposed the instruments end with it: call this again then. Any thread.
    /// </summary>
    /// <param name="factory">The host's; null: a meter of the process's own again.</param>
    /// <exception cref="ObjectDisposedException">The factory is disposed; nothing has changed.</exception>
    public static void Use(IMeterFactory? factory)
    {
        lock (s_instance._lock)
        {
            Meter old = s_instance._meter;
            s_instance._meter = factory is null ? OfTheProcess() : factory.Create(new MeterOptions(MeterName) { Version = Version });
            if (!ReferenceEquals(old, s_instance._meter))
            {
                s_instance.PublishAll();
                old.Dispose();
            }
        }
    }

    private static string? Version => typeof(MagAllocMeter).Assembly.GetName().Version?.ToString();

    private static Meter OfTheProcess() => new(MeterName, Version);

    private void PublishAll()
    {
        _publications++;
        foreach (InstrumentOfOwners one in Instruments.All)
        {
            Publish(one);
        }
    }

    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "The layers below cannot name this one; a delegate is all that a program pays that makes no heap.")]
    internal static void Register() => OwnerRegistry.Instance.WhenFirst(Start);

    private static void Start()
    {
        try
        {
            RuntimeHelpers.RunClassConstructor(typeof(MagAllocMeter).TypeHandle);
        }
        catch (TypeInitializationException)
        {
            // No memory for it: the program goes without instruments, and has its heap.
        }
    }

    /// <summary>
    /// Makes an instrument. Its listeners are called, and whose fails must not cost others the instrument, or a program
    /// its heap.
    /// </summary>
    private void Publish(InstrumentOfOwners one)
    {
        int publication = _publications;

        // A factory keeps its meter, whatever its users dispose: what was published before reads nothing.
        IEnumerable<Measurement<long>> Read() => publication == _publications ? Observe(one) : [];
        try
        {
            _ = one.Kind switch
            {
                InstrumentKind.Counter => (Instrument)_meter.CreateObservableCounter(one.Name, Read, one.Unit, one.Description),
                InstrumentKind.Level => _meter.CreateObservableUpDownCounter(one.Name, Read, one.Unit, one.Description),
                _ => _meter.CreateObservableGauge(one.Name, Read, one.Unit, one.Description),
            };
        }
#pragma warning disable CA1031 // Whatever a listener throws.
        catch (Exception)
#pragma warning restore CA1031
        {
            // The instrument is there, and the next listener finds it.
        }
    }

    private static IEnumerable<Measurement<long>> Observe(InstrumentOfOwners instrument)
    {
        Dictionary<(string Name, string Kind, object? Part), long> sums = [];
        foreach (IEventOwner owner in OwnerRegistry.Instance.Living)
        {
            foreach ((object? part, long value) in instrument.Read(owner))
            {
                sums[(owner.Name, owner.Kind, part)] = sums.GetValueOrDefault((owner.Name, owner.Kind, part)) + value;
            }
        }

        return sums.Select(sum => new Measurement<long>(sum.Value, Tags(sum.Key.Name, sum.Key.Kind, instrument.PartTag, sum.Key.Part)));
    }

    private static KeyValuePair<string, object?>[] Tags(string name, string kind, string? partTag, object? part)
    {
        KeyValuePair<string, object?> ownerName = new(Instruments.OwnerNameTag, name), ownerKind = new(Instruments.OwnerKindTag, kind);
        return partTag is null ? [ownerName, ownerKind] : [ownerName, ownerKind, new(partTag, part)];
    }
}
