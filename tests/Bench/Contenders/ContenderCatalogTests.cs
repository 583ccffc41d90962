using System.Text.RegularExpressions;
using MagAlloc.Bench.Contenders;
using MagAlloc.Bench.Workloads;
using MagAlloc.Tooling.Commands;

namespace MagAlloc.Tests.Bench.Contenders;

public sealed partial class ContenderCatalogTests
{
    private const string CLibrary = "libc.so.6";

    private static readonly string[] s_promised =
    [
        "magalloc", "magalloc-handle", "magalloc-pool", "native-memory", "mimalloc", "mimalloc-pinvoke", "jemalloc",
        "jemalloc-pinvoke", "tcmalloc", "tcmalloc-pinvoke", "tbbmalloc", "tbbmalloc-pinvoke", "array-pool", "memory-pool",
        "concurrent-queue", "locked-stack",
    ];

    [Test]
    public void The_names_are_those_promised_in_kebab_case()
    {
        Assert.That(ContenderCatalog.All.Select(entry => entry.Name), Is.EqualTo(s_promised));
        Assert.That(s_promised.Where(name => !KebabCase().IsMatch(name)), Is.Empty);
    }

    [Test]
    public void A_contender_that_is_here_runs_and_an_absent_one_says_why(
        [ValueSource(nameof(s_promised))] string name)
    {
        using Contender contender = ContenderCatalog.All.Single(entry => entry.Name == name).Create();
        Assert.That(contender.Name, Is.EqualTo(name));
        using PairWorkload workload = new("pair-64", 64, threads: 1);
        if (contender.Absence is { } absence)
        {
            Assert.That(absence, Does.Contain("apt-get install").Or.Contain(StaticTls.Variable));
            Assert.That(() => contender.Enter(workload), Throws.TypeOf<NotSupportedException>());
            return;
        }

        Assert.That(contender.Objection(workload), Is.Null);
        contender.Enter(workload).Run(0, 1);
    }

    [TestCase(LoadFailureKind.NotLoadable, "no such file", "libjemalloc.so.2 is not installed; on Debian: apt-get install libjemalloc2")]
    [TestCase(LoadFailureKind.NoExport, "malloc", "libjemalloc.so.2 has no function malloc; on Debian: apt-get install libjemalloc2")]
    [TestCase(
        LoadFailureKind.NoStaticTls,
        "…",
        "libjemalloc.so.2 can be loaded only into a process that was started with GLIBC_TUNABLES=glibc.rtld.optional_static_tls=16384")]
    public void The_reason_of_an_absence_tells_what_to_do(object kind, string detail, string text) =>
        Assert.That(DebianLibrary.Jemalloc.Explain(new LoadFailure((LoadFailureKind)kind, detail)), Is.EqualTo(text));

    [Test]
    public void A_library_that_does_not_exist_is_absent_with_its_package()
    {
        DebianLibrary library = new("nothing", "libno-such-allocator.so.7", "no_", "libno-such-allocator7");
        using Contender contender = library.Untransitioned("nothing").Create();
        Assert.That(contender.Absence, Does.Contain("libno-such-allocator.so.7").And.Contain("apt-get install libno-such-allocator7"));
    }

    [Test]
    public void Jemalloc_gets_its_environment() =>
        Assert.That(
            ContenderCatalog.All.Single(entry => entry.Name == "jemalloc").ChildEnvironment,
            Does.ContainKey("GLIBC_TUNABLES").WithValue("glibc.rtld.optional_static_tls=16384"));

    [TestCase("magalloc-pool")]
    [TestCase("concurrent-queue")]
    [TestCase("locked-stack")]
    public void A_pool_of_one_size_objects_to_other_sizes(string name)
    {
        using Contender contender = ContenderCatalog.All.Single(entry => entry.Name == name).Create();
        using PairWorkload other = new("pair-16", 16, threads: 1);
        using LarsonWorkload mixed = new(threads: 1);
        Assert.That(contender.Objection(other), Is.EqualTo("has blocks of 64 bytes only"));
        Assert.That(contender.Objection(mixed), Is.EqualTo("has blocks of 64 bytes only"));
    }

    [Test]
    public void A_peer_stands_behind_the_catalogue_and_runs()
    {
        RequireCLibrary();
        IReadOnlyList<ContenderEntry> all = ContenderCatalog.With([new PeerSpec("libc", CLibrary, "")]);

        Assert.That(all.Select(entry => entry.Name), Is.EqualTo(s_promised.Append("libc")));
        using Contender peer = all[^1].Create();
        using PairWorkload workload = new("pair-64", 64, threads: 1);
        Assert.That(peer.Absence, Is.Null);
        peer.Enter(workload).Run(0, 1);
    }

    [TestCase("magalloc")]
    [TestCase("tbbmalloc-pinvoke")]
    public void A_peer_may_not_take_a_name(string name) =>
        Assert.That(
            () => ContenderCatalog.With([new PeerSpec(name, CLibrary, "")]),
            Throws.TypeOf<UsageException>().With.Message.StartsWith($"--peer {name}: "));

    [Test]
    public void Two_peers_may_not_have_one_name() =>
        Assert.That(
            () => ContenderCatalog.With([new PeerSpec("twice", CLibrary, ""), new PeerSpec("twice", CLibrary, "")]),
            Throws.TypeOf<UsageException>().With.Message.StartsWith("--peer twice: "));

    [Test]
    public void A_peer_without_a_file_is_refused_with_its_path() =>
        Assert.That(
            () => ContenderCatalog.With([new PeerSpec("ghost", "/no/such/lib.so", "mi_")]),
            Throws.TypeOf<UsageException>().With.Message.EqualTo("--peer ghost: there is no file /no/such/lib.so"));

    [Test]
    public void A_peer_that_is_no_library_is_refused_in_one_line()
    {
        string file = Path.Combine(TestContext.CurrentContext.WorkDirectory, "not-a-library.so");
        File.WriteAllText(file, "text");
        try
        {
            Assert.That(
                () => ContenderCatalog.With([new PeerSpec("text", file, "")]),
                Throws.TypeOf<UsageException>()
                    .With.Message.StartsWith($"--peer text: {file} cannot be loaded: ")
                    .And.Message.Not.Contain("\n"));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [TestCase("mi_", "mi_malloc")]
    [TestCase("no_", "no_malloc")]
    public void A_peer_without_the_functions_is_refused_with_the_first_that_is_missing(string prefix, string missing)
    {
        RequireCLibrary();
        Assert.That(
            () => ContenderCatalog.With([new PeerSpec("libc", CLibrary, prefix)]),
            Throws.TypeOf<UsageException>().With.Message.Contains($"{CLibrary} has no function {missing};"));
    }

    [Test]
    public void A_library_that_only_borrows_the_process_malloc_is_refused()
    {
        const string MathLibrary = "libm.so.6";
        Assert.That(System.Runtime.InteropServices.NativeLibrary.TryLoad(MathLibrary, out _), Is.True, "needs the GNU C library");
        Assert.That(
            () => ContenderCatalog.With([new PeerSpec("maths", MathLibrary, "")]),
            Throws.TypeOf<UsageException>().With.Message.Contains($"{MathLibrary} has no function malloc;"));
    }

    private static void RequireCLibrary() =>
        Assert.That(System.Runtime.InteropServices.NativeLibrary.TryLoad(CLibrary, out _), Is.True, "needs the GNU C library");

    [GeneratedRegex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$")]
    private static partial Regex KebabCase();
}
