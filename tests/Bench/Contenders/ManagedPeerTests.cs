using MagAlloc.Bench.Contenders;
using MagAlloc.Bench.Workloads;
using MagAlloc.Tests.Bench.Workloads;
using MagAlloc.Tooling.Commands;

namespace MagAlloc.Tests.Bench.Contenders;

/// <summary>Allocators in managed code that the command line names.</summary>
public sealed class ManagedPeerTests
{
    private const string Sample = "MagAlloc.Tests.Bench.Contenders.SampleAllocator";

    private static readonly string s_file = typeof(SampleAllocator).Assembly.Location;

    [TestCase("mine=/opt/a.dll:N.T:Allocate:Free", "/opt/a.dll", "N.T", null)]
    [TestCase("mine=/opt/a.dll:N.T:Allocate:Free:Reallocate", "/opt/a.dll", "N.T", "Reallocate")]
    [TestCase("mine=a.dll:T+Inner_1:Allocate:Free", "a.dll", "T+Inner_1", null)]
    [TestCase("mine=/opt/a:b/lib=x.dll:N.T:Allocate:Free", "/opt/a:b/lib=x.dll", "N.T", null)]
    [TestCase(@"mine=C:\lib\a.dll:N.T:Allocate:Free:Reallocate", @"C:\lib\a.dll", "N.T", "Reallocate")]
    public void A_peer_is_parsed_and_written_back(string text, string path, string type, string? reallocate)
    {
        Assert.That(ManagedPeerSpec.TryParse(text, out ManagedPeerSpec? spec), Is.True);
        Assert.That(spec, Is.EqualTo(new ManagedPeerSpec("mine", path, type, "Allocate", "Free", reallocate)));
        Assert.That(spec!.ToString(), Is.EqualTo(text));
    }

    [TestCase("")]
    [TestCase("mine")]
    [TestCase("mine=/opt/a.dll")]
    [TestCase("mine=/opt/a.dll:N.T")]
    [TestCase("mine=/opt/a.dll:N.T:Allocate")]
    [TestCase("mine=/opt/a.dll:N.T:Allocate:")]
    [TestCase("mine=/opt/a.dll:N.T:Alloc ate:Free")]
    [TestCase("mine=/opt/a.dll:N..T:Allocate:Free")]
    [TestCase("mine=:N.T:Allocate:Free")]
    [TestCase("Mine=/opt/a.dll:N.T:Allocate:Free")]
    public void Nonsense_is_refused(string text) => Assert.That(ManagedPeerSpec.TryParse(text, out _), Is.False);

    [TestCase("Allocate", "Free")]
    [TestCase("AllocateInt", "Free")]
    [TestCase("Either", "Free")]
    public void A_peer_runs_what_takes_blocks_and_is_left_out_of_the_rest(string allocate, string free)
    {
        using Contender peer = Entry(Spec(allocate, free)).Create();

        Assert.Multiple(() =>
        {
            Assert.That(Objection(peer, "realloc-append"), Is.EqualTo("has no reallocated blocks"));
            Assert.That(Objection(peer, "pair-aligned-64"), Is.EqualTo("has no aligned blocks"));
            Assert.That(Objection(peer, "replay-redis"), Is.EqualTo("has no aligned, zeroed or reallocated blocks"));
            Assert.That(Objection(peer, "two-heaps"), Is.Null);
        });
        Run(peer, "batch-256");
        Run(peer, "random-64k-live");
    }

    [Test]
    public void A_peer_that_reallocates_grows_blocks()
    {
        using Contender peer = Entry(Spec("Allocate", "Free", "Grow")).Create();

        Assert.That(Objection(peer, "replay-redis"), Is.EqualTo("has no aligned or zeroed blocks"));
        Run(peer, "realloc-append");
        Run(peer, "realloc-double");
    }

    [Test]
    public void A_peer_has_an_assembly_of_its_own_and_is_no_native_peer()
    {
        ContenderEntry entry = Entry(Spec("Allocate", "Free"));

        Assert.That(entry.Kind, Is.EqualTo(ContenderKind.ManagedPeer));
        Assert.That(
            AppDomain.CurrentDomain.GetAssemblies().Count(a => a.GetName().Name == typeof(SampleAllocator).Assembly.GetName().Name),
            Is.GreaterThan(1));
    }

    [TestCase("Nothing", "Free", null, Sample + " has no method Nothing")]
    [TestCase("Allocate", "Free", "Nothing", Sample + " has no method Nothing")]
    [TestCase("AllocateMine", "Free", null, Sample + ".AllocateMine cannot be called; give a static method that takes a size and returns an address")]
    [TestCase("AllocateAny", "Free", null, Sample + ".AllocateAny cannot be called; give a static method")]
    [TestCase("Free", "Free", null, Sample + ".Free cannot be called; give a static method that takes a size and returns an address")]
    [TestCase("Allocate", "FreeByName", null, Sample + ".FreeByName cannot be called; give a static method that takes an address and returns nothing")]
    [TestCase("Allocate", "FreeAndTell", null, Sample + ".FreeAndTell cannot be called; give a static method that takes an address and returns nothing")]
    [TestCase("Allocate", "Free", "Allocate", Sample + ".Allocate cannot be called; give a static method that takes an address and a size")]
    [TestCase("Refuse", "Free", null, Sample + ".Refuse has returned null for a block of at most 128 bytes")]
    [TestCase("Throw", "Free", null, Sample + ".Throw has thrown NotSupportedException: not 64")]
    public void What_is_wrong_with_a_method_is_told(string allocate, string free, string? reallocate, string reason) =>
        Refused(Spec(allocate, free, reallocate), reason);

    [Test]
    public void An_initialiser_that_fails_is_told() => Refused(
        Spec("Allocate", "Free") with { Type = Sample + "+Broken" },
        Sample + "+Broken.Allocate has thrown InvalidOperationException: there is no room");

    [Test]
    public void A_missing_file_is_told() => Refused(Spec("Allocate", "Free") with { Path = "/no/such/a.dll" }, "there is no file /no/such/a.dll");

    [Test]
    public void A_missing_type_is_told() => Refused(
        Spec("Allocate", "Free") with { Type = "SampleAllocator" }, s_file + " has no type SampleAllocator; give it with its namespace");

    [Test]
    public void A_generic_type_is_told() => Refused(
        Spec("Allocate", "Free") with { Path = typeof(AddressBlock).Assembly.Location, Type = "MagAlloc.Bench.Workloads.BatchRing`1" },
        "BatchRing`1 is generic");

    [Test]
    public void A_file_that_is_no_assembly_is_told()
    {
        string file = Path.Combine(TestContext.CurrentContext.WorkDirectory, "no-assembly.dll");
        File.WriteAllText(file, "text");
        try
        {
            Refused(Spec("Allocate", "Free") with { Path = file }, $"{file} is no .NET assembly");
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Test]
    public void A_peer_may_not_take_a_name() => Assert.That(
        () => ContenderCatalog.With([Spec("Allocate", "Free") with { Name = "magalloc" }]),
        Throws.TypeOf<UsageException>().With.Message.StartsWith("--managed-peer magalloc: the name is taken"));

    private static ManagedPeerSpec Spec(string allocate, string free, string? reallocate = null) =>
        new("mine", s_file, Sample, allocate, free, reallocate);

    private static ContenderEntry Entry(ManagedPeerSpec spec) => ContenderCatalog.With([spec])[^1];

    private static void Refused(ManagedPeerSpec spec, string reason) => Assert.That(
        () => Entry(spec),
        Throws.TypeOf<UsageException>().With.Message.StartsWith("--managed-peer mine: ").And.Message.Contains(reason).And.Message.Not.Contain("\n"));

    private static string? Objection(Contender contender, string workload)
    {
        WorkloadEntry entry = WorkloadNames.Entry(workload);
        using Workload made = entry.Create(entry.Threads.Default);
        return contender.Objection(made);
    }

    private static void Run(Contender contender, string workload)
    {
        using Workload made = WorkloadNames.Entry(workload).Create(1);
        CellRun.Execute(made, contender, slices: 1);
    }
}
