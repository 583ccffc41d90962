using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace MagAlloc.Tests.Architecture;

/// <summary>What each package holds and must not hold, read from the libraries as they were built.</summary>
[TestFixture]
public sealed partial class PackageTests
{
    [Test]
    public void The_heap_calls_no_socket_no_watch_and_no_shared_file()
    {
        Assert.That(
            NativeCalls(EngineAssemblies.Sharing).Where(call => Foreign().IsMatch(call)),
            Is.SupersetOf(new[] { "socket", "inotify_init1", "memfd_create" }),
            "they are found where they are");
        Assert.That(NativeCalls(EngineAssemblies.Heap), Does.Contain("mmap"), "calls are found");
        Assert.That(NativeCalls(EngineAssemblies.Heap).Where(call => Foreign().IsMatch(call)), Is.Empty);
    }

    [Test]
    public void The_heap_holds_no_domain_and_no_shared_buffer()
    {
        Assert.That(EngineAssemblies.Heap.GetTypes().Select(type => type.Name).Where(name => ForeignType().IsMatch(name)), Is.Empty);
    }

    [Test]
    public void Address_ranges_call_no_native_library()
    {
        Assert.That(NativeCalls(EngineAssemblies.Iova), Is.Empty);
    }

    [Test]
    public void The_heap_stands_alone_and_the_others_on_the_heap_only()
    {
        Assert.That(Ours(EngineAssemblies.Heap), Is.Empty);
        Assert.That(Ours(EngineAssemblies.Iova), Is.EqualTo(new[] { "MagAlloc" }));
        Assert.That(Ours(EngineAssemblies.Sharing), Is.EqualTo(new[] { "MagAlloc" }));
    }

    [Test]
    public void No_library_asks_the_runtime_for_sockets_or_file_watches()
    {
        string[] foreign = ["System.Net.Sockets", "System.IO.FileSystem.Watcher", "System.IO.Pipes"];
        Assert.That(EngineAssemblies.All.SelectMany(library => library.GetReferencedAssemblies()).Select(name => name.Name), Has.None.AnyOf(foreign));
    }

    [Test]
    public void Whoever_uses_a_heap_meets_few_types() =>
        Assert.That(EngineAssemblies.Heap.GetExportedTypes().Where(type => type.Namespace == "MagAlloc").Select(type => type.Name), Has.Exactly(18).Items);

    [Test]
    public void Public_types_are_in_the_namespace_of_their_package_or_are_diagnostics()
    {
        IEnumerable<string> wrong =
            from library in EngineAssemblies.All
            from type in library.GetExportedTypes()
            where type.Namespace != library.GetName().Name && type.Namespace != $"{library.GetName().Name}.Diagnostics"
            select type.FullName;

        Assert.That(wrong, Is.Empty);
    }

    private static IEnumerable<string> Ours(Assembly library) =>
        library.GetReferencedAssemblies().Select(name => name.Name!).Where(name => name.StartsWith("MagAlloc", StringComparison.Ordinal));

    private static IEnumerable<string> NativeCalls(Assembly library) =>
        from type in library.GetTypes()
        from method in type.GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
        let import = method.GetCustomAttribute<DllImportAttribute>()
        where import is not null
        select import.EntryPoint;

    [GeneratedRegex("socket|^bind$|^listen$|^accept|^connect$|^send|^recv|inotify|memfd|eventfd|^poll|^flock$|^fcntl$|^ioctl$|^syscall$")]
    private static partial Regex Foreign();

    [GeneratedRegex("Socket|Watch|Iova|Domain|RangeTree|Importer|BufferQueue|QueueCore|SharedBuffer")]
    private static partial Regex ForeignType();
}
