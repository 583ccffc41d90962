using System.Diagnostics.Tracing;
using System.Reflection;
using System.Xml.Linq;
using MagAlloc.Events;

namespace MagAlloc.Tests.Events;

/// <summary>The format of the events, which traces on disk keep for ever: nothing here may change, only be added to.</summary>
public sealed class ManifestTests
{
    private static readonly string[] s_format =
    [
        "1 OwnerCreated Informational 0x1 owner:Int64 name:String kind:String",
        "2 OwnerDisposed Informational 0x1 owner:Int64",
        "3 MagazineExchanged v1 Informational 0x2 owner:Int64 sizeClass:Int32 fromDepot:Int32 toDepot:Int32 depotMagazines:Int32 threadId:Int64",
        "4 SlabClaimed Informational 0x4 owner:Int64 sizeClass:Int32 address:Int64 bytes:Int64",
        "5 SlabRetired Informational 0x4 owner:Int64 sizeClass:Int32 address:Int64 bytes:Int64",
        "6 ReclaimStart Informational 0x8 owner:Int64",
        "7 ReclaimStop Informational 0x8 owner:Int64 magazines:Int64 decommittedBytes:Int64",
        "8 Committed Informational 0x10 owner:Int64 bytes:Int64 committedBytes:Int64",
        "9 Decommitted Informational 0x10 owner:Int64 bytes:Int64 committedBytes:Int64",
        "10 Trimmed Informational 0x8 owner:Int64 bytes:Int64",
        "11 ThreadAttached Informational 0x20 owner:Int64 threads:Int32",
        "12 ThreadDetached Informational 0x20 owner:Int64 threads:Int32",
        "13 FaultInjected Informational 0x40 point:String occurrence:Int64",
        "14 OutOfMemory Warning 0x80 owner:Int64 requestedBytes:Int64",
        "15 MisuseFound Error 0x100 owner:Int64 kind:String address:Int64",
        "16 LeakFound Warning 0x200 owner:Int64 address:Int64 bytes:Int64",
        "17 AllocationSampled Informational 0x400 owner:Int64 sizeClass:Int32 bytes:Int64 weightBytes:Int64 address:Int64",
        "18 OwnerStatistics Informational 0x800 owner:Int64 allocatedBytes:Int64 threadCachedBytes:Int64 depotCachedBytes:Int64 "
            + "committedBytes:Int64 reservedBytes:Int64 peakCommittedBytes:Int64 depotMagazines:Int64 depotExchanges:Int64 "
            + "reclaimedMagazines:Int64 threads:Int32 injectedFaults:Int64",
        "19 ClassStatistics Verbose 0x800 owner:Int64 sizeClass:Int32 blockBytes:Int64 allocatedBlocks:Int64 cachedBlocks:Int64 slabs:Int64 "
            + "wasteBytes:Int64",
        "20 BufferCreated Informational 0x1000 owner:Int64 index:Int32 bytes:Int64 profile:String",
        "21 BufferExported Informational 0x1000 owner:Int64 index:Int32 process:Int32 access:String",
        "22 BufferReleased Informational 0x1000 owner:Int64 index:Int32 bytes:Int64 held:Int32",
        "23 BufferRevoked Warning 0x1000 owner:Int64 index:Int32 bytes:Int64",
        "24 BufferReclaimed Informational 0x1000 owner:Int64 index:Int32 bytes:Int64 microseconds:Int64",
        "25 ImporterConnected Informational 0x1000 owner:Int64 process:Int32 user:Int64",
        "26 ImporterGone v1 Informational 0x1000 owner:Int64 process:Int32 buffers:Int64 reason:String",
        "27 QuotaExceeded Warning 0x1000 owner:Int64 quota:String used:Int64 limit:Int64 requested:Int64",
        "28 BufferStatistics Informational 0x800 owner:Int64 liveBuffers:Int32 orphanedBuffers:Int32 orphanedBytes:Int64 revokedBuffers:Int32 "
            + "importers:Int32 handOvers:Int64 acknowledgements:Int64 revocations:Int64 reclaims:Int64",
    ];

    private static readonly MethodInfo[] s_events =
    [
        .. typeof(MagAllocEventSource).GetMethods(BindingFlags.Instance | BindingFlags.Public | BindingFlags.DeclaredOnly)
            .Where(method => method.IsDefined(typeof(EventAttribute))),
    ];

    [Test]
    public void The_events_are_those_of_the_format()
    {
        IEnumerable<string> described = s_events
            .Select(method => (Method: method, Event: method.GetCustomAttribute<EventAttribute>()!))
            .OrderBy(one => one.Event.EventId)
            .Select(one => $"{one.Event.EventId} {one.Method.Name}{(one.Event.Version == 0 ? string.Empty : $" v{one.Event.Version}")} {one.Event.Level} 0x{(long)one.Event.Keywords:x} "
                + string.Join(' ', one.Method.GetParameters().Select(parameter => $"{parameter.Name}:{parameter.ParameterType.Name}")));

        Assert.That(described, Is.EqualTo(s_format));
    }

    [Test]
    public void The_manifest_is_valid_and_complete()
    {
        // Strict: throws for a duplicate id, a bad keyword, an argument that does not fit.
        string? text = EventSource.GenerateManifest(typeof(MagAllocEventSource), "MagAlloc.dll", EventManifestOptions.Strict | EventManifestOptions.AllowEventSourceOverride);

        XDocument manifest = XDocument.Parse(text!);
        XElement provider = manifest.Descendants().Single(element => element.Name.LocalName == "provider");
        Assert.That(provider.Attribute("name")!.Value, Is.EqualTo("MagAlloc"));
        IEnumerable<int> ids = manifest.Descendants().Where(element => element.Name.LocalName == "event")
            .Select(element => (int)element.Attribute("value")!);
        Assert.That(ids, Is.SupersetOf(Enumerable.Range(1, s_format.Length)));
    }

    [Test]
    public void Payloads_are_numbers_and_strings() =>
        Assert.That(
            s_events.SelectMany(method => method.GetParameters()).Select(parameter => parameter.ParameterType).Distinct(),
            Is.SubsetOf(new[] { typeof(long), typeof(int), typeof(double), typeof(string) }));
}
