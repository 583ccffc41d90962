using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace MagAlloc.Tests.Architecture;

/// <summary>The engine's house rules, read from its sources: what would otherwise erode one commit at a time.</summary>
[TestFixture]
public sealed partial class LayerTests
{
    private const int LargestFile = 400;
    private const int LargestType = 800;

    // Types that are still too large; each may only shrink.
    private static readonly Dictionary<string, int> s_largeTypes = new()
    {
        ["QueueCore"] = 1417,
        ["MagazineEngine"] = 1280,
        ["SlabSpace"] = 839,
        ["Arena"] = 824,
    };

    // The second public namespace of a package: its types are in the folders of those who fill them.
    private const string PublicDetails = "Diagnostics";

    // By package: a folder uses only those before it. A package's own folder ("") is its public face.
    private static readonly Dictionary<string, string[]> s_layers = new()
    {
        ["MagAlloc"] = ["Platform", "Concurrency", "Faults", "Events", "Ranges", "Magazines", "Slabs", "Heap", "Diagnostics"],
        ["MagAlloc.Iova"] = ["Ranges", ""],
        ["MagAlloc.Sharing"] = ["Platform", ""],
    };

    // Static state that is meant to change: one entry a field, each with its reason.
    private static readonly string[] s_mutableStatics =
    [
        "EngineIds.s_last", // numbers engines: unique in the process is the point
        "SharedHeap.s_late", // the heap of the process, where it could not be made at first
        "CloseWatcher.s_current", // one inotify instance a process: the system has few
    ];

    private static readonly IReadOnlyList<EngineSource> s_sources = EngineSource.ReadAll();

    [Test]
    public void The_sources_are_found()
    {
        Assert.That(s_sources.Select(source => source.Name), Does.Contain("MagAlloc/Platform/VirtualMemory.cs"));
    }

    [Test]
    public void Every_folder_is_a_known_layer()
    {
        IEnumerable<string> unknown = s_sources
            .Where(source => source.Package.Length != 0 && !s_layers.GetValueOrDefault(source.Package, []).Contains(source.Folder))
            .Select(source => source.Name);

        Assert.That(unknown, Is.Empty);
    }

    [Test]
    public void A_namespace_is_that_of_the_package_or_of_the_folder()
    {
        IEnumerable<string> wrong =
            from source in s_sources
            from Match match in NamespaceDeclaration().Matches(source.Code)
            let name = match.Groups[1].Value
            where name != source.Package && name != $"{source.Package}.{source.Folder}" && name != $"{source.Package}.{PublicDetails}"
            select $"{source.Name}: namespace {name}";

        Assert.That(wrong, Is.Empty);
    }

    [Test]
    public void No_layer_names_a_namespace_of_a_later_one()
    {
        IEnumerable<string> wrong =
            from source in s_sources
            where source.Package.Length != 0
            from Match match in Regex.Matches(source.Code, $@"\b{Regex.Escape(source.Package)}\.(\w+)")
            where match.Groups[1].Value != PublicDetails && IsLater(source.Package, match.Groups[1].Value, source.Folder)
            select $"{source.Name}: {match.Value}";

        Assert.That(wrong, Is.Empty);
    }

    [Test]
    public void No_layer_names_a_public_type_of_a_later_one()
    {
        // Public types share one namespace, so that no using gives their layer away: look for the names themselves.
        (string Package, string Folder, string Name)[] types =
        [
            .. from source in s_sources
               from Match match in PublicType().Matches(source.Code)
               select (source.Package, source.Folder, match.Groups[1].Value),
        ];
        IEnumerable<string> wrong =
            from source in s_sources
            from type in types
            where type.Package == source.Package && IsLater(type.Package, type.Folder, source.Folder)
                && Regex.IsMatch(source.Code, $@"(?<![.\w]){type.Name}\b")
            select $"{source.Name}: {type.Name} of {type.Folder}/";

        Assert.That(wrong, Is.Empty);
    }

    [Test]
    public void The_two_packages_beside_the_heap_do_not_use_each_other()
    {
        string[] beside = ["MagAlloc.Iova", "MagAlloc.Sharing"];
        IEnumerable<string> wrong =
            from source in s_sources
            from other in beside
            where source.Package != other && source.Code.Contains(other, StringComparison.Ordinal)
            select $"{source.Name}: {other}";

        Assert.That(wrong, Is.Empty);
    }

    [Test]
    public void Atomic_operations_are_in_Concurrency_only() =>
        AssertOnlyIn("Concurrency", AtomicOperation());

    [Test]
    public void Calls_into_native_libraries_are_in_Platform_only() =>
        AssertOnlyIn("Platform", NativeCall());

    [Test]
    public void No_file_is_longer_than_two_types_in_one_room()
    {
        Assert.That(s_sources.Where(source => source.Lines > LargestFile).Select(source => $"{source.Name}: {source.Lines} lines"), Is.Empty);
    }

    /// <summary>The files of a type have its name up to the first dot.</summary>
    [Test]
    public void No_type_is_longer_than_eight_hundred_lines_except_the_named_ones()
    {
        IEnumerable<string> wrong =
            from source in s_sources
            group source by Path.GetFileName(source.Name).Split('.')[0] into type
            let lines = type.Sum(source => source.Lines)
            where lines > s_largeTypes.GetValueOrDefault(type.Key, LargestType)
            select $"{type.Key}: {lines} lines";

        Assert.That(wrong, Is.Empty);
    }

    [Test]
    public void No_static_field_can_change_except_the_named_ones()
    {
        IEnumerable<string> wrong =
            from field in StaticFields()
            let name = $"{field.DeclaringType!.Name}.{field.Name}"
            where !field.IsInitOnly && !field.IsLiteral && !IsThreadStatic(field) && !s_mutableStatics.Contains(name)
            select name;

        Assert.That(wrong, Is.Empty);
    }

    [Test]
    public void Thread_static_fields_are_named_so()
    {
        IEnumerable<string> wrong =
            from field in StaticFields()
            where IsThreadStatic(field) != field.Name.StartsWith("t_", StringComparison.Ordinal)
            select $"{field.DeclaringType!.Name}.{field.Name}";

        Assert.That(wrong, Is.Empty);
    }

    private static void AssertOnlyIn(string folder, Regex pattern)
    {
        IEnumerable<string> wrong =
            from source in s_sources
            where source.Folder != folder
            from Match match in pattern.Matches(source.Code)
            select $"{source.Name}: {match.Value}";

        Assert.That(wrong, Is.Empty);
    }

    private static bool IsLater(string package, string layer, string thanFolder)
    {
        string[] layers = s_layers.GetValueOrDefault(package, []);
        int own = Array.IndexOf(layers, thanFolder);
        return own >= 0 && Array.IndexOf(layers, layer) > own;
    }

    private static IEnumerable<FieldInfo> StaticFields() =>
        from assembly in EngineAssemblies.All
        from type in assembly.GetTypes()
        where !type.IsDefined(typeof(CompilerGeneratedAttribute), inherit: false) && !type.Name.StartsWith('<')
        from field in type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
        select field;

    private static bool IsThreadStatic(FieldInfo field) => field.IsDefined(typeof(ThreadStaticAttribute), inherit: false);

    [GeneratedRegex(@"^\s*namespace\s+([\w.]+)", RegexOptions.Multiline)]
    private static partial Regex NamespaceDeclaration();

    [GeneratedRegex(@"^public\s[^({;=]*?\b(?:class|struct|interface|enum|record)\s+(?!class\b|struct\b)(\w+)", RegexOptions.Multiline)]
    private static partial Regex PublicType();

    [GeneratedRegex(@"\b(?:Interlocked|Volatile|volatile|MemoryBarrier)\b")]
    private static partial Regex AtomicOperation();

    [GeneratedRegex(@"\b(?:LibraryImport|DllImport|NativeLibrary)\b")]
    private static partial Regex NativeCall();
}
