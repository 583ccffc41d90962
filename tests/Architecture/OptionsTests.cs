using System.Globalization;
using System.Reflection;
using MagAlloc.Sharing;
using MagAlloc.Tests.Heap.Support;
using Microsoft.Extensions.Configuration;

namespace MagAlloc.Tests.Architecture;

/// <summary>All options of all packages: they come out of a program's configuration, and are copied.</summary>
[TestFixture]
public sealed class OptionsTests
{
    private static readonly Type[] s_all =
    [
        typeof(NativeHeapOptions), typeof(UnmanagedPoolOptions), typeof(MagazineCacheOptions), typeof(ReclaimOptions),
        typeof(IovaDomainOptions), typeof(BufferQueueOptions), typeof(BufferImporterOptions),
    ];

    [Test]
    public void These_are_all_options_that_there_are() =>
        Assert.That(
            EngineAssemblies.All.SelectMany(assembly => assembly.GetExportedTypes()).Where(type => type.Name.EndsWith("Options", StringComparison.Ordinal)),
            Is.EquivalentTo(s_all));

    [TestCaseSource(nameof(s_all))]
    public void Every_option_binds_from_configuration(Type type)
    {
        object defaults = Activator.CreateInstance(type)!;
        Dictionary<string, string?> settings = [];
        Dictionary<string, string> expected = [];
        Prepare(defaults, "Options", settings, expected);

        object bound = Configuration(settings).GetSection("Options").Get(type)!;

        Assert.That(expected, Has.Count.GreaterThan(3));
        Assert.That(expected.Keys.Select(path => $"{path} = {Read(bound, path)}"), Is.EqualTo(expected.Select(one => $"{one.Key} = {one.Value}")));
    }

    [TestCaseSource(nameof(s_all))]
    public void What_the_configuration_leaves_out_keeps_its_default(Type type)
    {
        object bound = Configuration(new() { ["Options:Name"] = "only", ["Options:Policy"] = "Flat" }).GetSection("Options").Get(type)!;

        foreach (PropertyInfo property in Settable(type).Where(one => one.Name is not ("Name" or "Policy")))
        {
            Assert.That(property.GetValue(bound), Is.EqualTo(property.GetValue(Activator.CreateInstance(type))), property.Name);
        }
    }

    [Test]
    public void A_heap_is_made_from_configuration()
    {
        NativeHeapOptions options = Configuration(new()
        {
            ["Heap:Name"] = "configured",
            ["Heap:ByteLimit"] = "67108864",
            ["Heap:Checks"] = "Basic",
            ["Heap:Reclaim:Worker"] = "false",
        }).GetSection("Heap").Get<NativeHeapOptions>()!;

        using NativeHeap heap = new(options);
        options.Name = "changed";
        options.ByteLimit = 0;

        Assert.That((heap.Name, heap.ByteLimit, heap.Checks), Is.EqualTo(("configured", 64 * Heaps.MiB, CheckLevel.Basic)));
    }

    [Test]
    public void No_owner_takes_null_for_its_reclaim()
    {
        Assert.That(() => new NativeHeap(new NativeHeapOptions { Reclaim = null! }), Throws.TypeOf<ArgumentNullException>());
        Assert.That(() => new UnmanagedPool<long>(new UnmanagedPoolOptions { Reclaim = null! }), Throws.TypeOf<ArgumentNullException>());
        Assert.That(() => new IovaDomain(options: new IovaDomainOptions { Reclaim = null! }), Throws.TypeOf<ArgumentNullException>());
        Assert.That(
            () => new MagazineCache<IdStore.Source>(new IdStore.Source(new IdStore(1)), new MagazineCacheOptions { Reclaim = null! }),
            Throws.TypeOf<ArgumentNullException>());
    }

    [Test]
    public void A_domain_copies_its_options()
    {
        IovaDomainOptions options = new() { Name = "device", CachedOrders = 3, Reclaim = ReclaimOptions.Manual };
        using IovaDomain domain = new(options: options);
        options.Name = "changed";
        options.CachedOrders = 6;

        Assert.That((domain.Name, domain.MaxCachedSize), Is.EqualTo(("device", 4UL * 4096)));
    }

    /// <summary>A value for each option that is not its default.</summary>
    private static void Prepare(object options, string path, Dictionary<string, string?> settings, Dictionary<string, string> expected)
    {
        foreach (PropertyInfo property in Settable(options.GetType()))
        {
            object? value = property.GetValue(options);
            string key = $"{path}:{property.Name}";
            if (value is ReclaimOptions reclaim)
            {
                Prepare(reclaim, key, settings, expected);
                continue;
            }

            object other = value switch
            {
                string => "bound",
                bool flag => !flag,
                int number => number == 7 ? 8 : 7,
                long => 7_000_000_000,
                double => 0.25,
                TimeSpan => TimeSpan.FromMilliseconds(7),
                Enum => Enum.GetValues(property.PropertyType).Cast<object>().First(one => !one.Equals(value)),
                _ => throw new NotSupportedException($"{key} is of a type that no configuration has: {property.PropertyType}"),
            };
            settings.Add(key, Convert.ToString(other, CultureInfo.InvariantCulture));
            expected.Add(key, Convert.ToString(other, CultureInfo.InvariantCulture)!);
        }
    }

    private static string Read(object options, string path) => Convert.ToString(
        path.Split(':').Skip(1).Aggregate(options, (of, name) => of.GetType().GetProperty(name)!.GetValue(of)!), CultureInfo.InvariantCulture)!;

    // A plan of faults is an object of a test's own.
    private static IEnumerable<PropertyInfo> Settable(Type type) =>
        type.GetProperties().Where(property => property.SetMethod is { IsPublic: true } && property.PropertyType != typeof(FaultPlan));

    private static IConfiguration Configuration(Dictionary<string, string?> settings) =>
        new ConfigurationBuilder().AddInMemoryCollection(settings).Build();
}
