using System.Text.RegularExpressions;

namespace MagAlloc.Tests.Docs;

/// <summary>What the README prints is what is compiled and run, letter for letter, in a reader's project.</summary>
[Parallelizable(ParallelScope.Self)]
internal sealed partial class ReadmeTests
{
    private static readonly string s_readme = File.ReadAllText(Repository.PathOf("README.md")).ReplaceLineEndings("\n");

    // Every call of NativeMemory that the table names, on its own and on what another one returned.
    private const string ProgramOnNativeMemory = """
        using System.Runtime.InteropServices;

        internal static unsafe class Program
        {
            private static void Main()
            {
                int count = 10;
                byte* bytes = (byte*)NativeMemory.Alloc(100);
                NativeMemory.Fill(bytes, 100, 7);
                bytes = (byte*)NativeMemory.Realloc(bytes, 100_000);
                long* zeros = (long*)NativeMemory.AllocZeroed((nuint)count, sizeof(long));
                int* numbers = (int*)NativeMemory.Alloc(elementCount: (nuint)count, elementSize: sizeof(int));
                void* none = NativeMemory.AllocZeroed(0);
                void* aligned = NativeMemory.AlignedAlloc(byteCount: 1000, alignment: 256);
                aligned = NativeMemory.AlignedRealloc(aligned, 5000, 512);
                for (int i = 0; i < count; i++)
                    numbers[i] = i + (int)zeros[i] + bytes[99];
                System.Console.WriteLine($"{numbers[9]} {(nuint)aligned % 512} {none != null}");
                NativeMemory.Free(NativeMemory.Realloc(null, 10));
                NativeMemory.Free(null);
                NativeMemory.AlignedFree(null);
                NativeMemory.AlignedFree(aligned);
                NativeMemory.Free(none);
                NativeMemory.Free(numbers);
                NativeMemory.Free(zeros);
                NativeMemory.Free(bytes);
            }
        }
        """;

    private static readonly string s_replacements = File.ReadAllText(Repository.PathOf("docs", "replacing-nativememory.md")).ReplaceLineEndings("\n");

    // What the text tells the reader to add to the project, for pointers.
    private static string Property => PropertyInText().Match(s_readme).Value;

    [Test]
    public void The_safe_example_runs_as_it_is_printed()
    {
        using ScratchProject reader = new();
        reader["Program.cs"] = Blocks("csharp")[0];
        reader.Build();

        Assert.That(reader.Run(), Does.Match(@"^\d+ blocks are allocated, \d+ bytes are committed\s*$"));
    }

    [Test]
    public void The_example_with_pointers_runs_as_it_is_printed()
    {
        Assert.That(Property, Is.Not.Empty, "the text tells what the project file needs");
        using ScratchProject reader = new(Property);
        reader["Program.cs"] = Blocks("csharp")[1];
        reader.Build();

        Assert.That(reader.Run(), Is.Empty);
    }

    [Test]
    public void The_replacements_for_NativeMemory_are_right_to_the_letter()
    {
        string program = ProgramOnNativeMemory;
        (string Search, string Replace)[] pairs = [.. Replacement().Matches(s_replacements).Select(row => (row.Groups[1].Value, row.Groups[2].Value))];
        Assert.That(pairs, Has.Length.EqualTo(8));
        foreach ((string search, string replace) in pairs)
        {
            Assert.That(program, Does.Contain(search), "the program has each of them");
            program = program.Replace(search, replace, StringComparison.Ordinal);
        }

        Assert.That(NativeCall().Matches(program).Select(call => call.Value).Distinct(), Is.EqualTo(new[] { "NativeMemory.Fill" }), "what works on any memory stays");

        string[] printed = [.. new[] { ProgramOnNativeMemory, program }.Select(source =>
        {
            using ScratchProject reader = new(Property);
            reader["Program.cs"] = source;
            reader.Build();
            return reader.Run().Trim();
        })];
        Assert.That(printed, Is.EqualTo(new[] { "16 0 True", "16 0 True" }));
    }

    /// <summary>Each public method of NativeMemory that gets or gives back memory has a replacement.</summary>
    [Test]
    public void No_call_of_NativeMemory_is_left_out() =>
        Assert.That(
            Replacement().Matches(s_replacements).Select(row => row.Groups[1].Value).Where(search => search.StartsWith("NativeMemory", StringComparison.Ordinal)),
            Is.EquivalentTo(
                typeof(System.Runtime.InteropServices.NativeMemory).GetMethods(System.Reflection.BindingFlags.Public | System.Reflection.BindingFlags.Static)
                    .Where(method => method.Name is not ("Clear" or "Copy" or "Fill"))
                    .Select(method => $"NativeMemory.{method.Name}(")
                    .Distinct()));

    [Test]
    public void TheCommands_NameProjectsThatExist()
    {
        string commands = string.Join('\n', Blocks("sh"));
        Assert.That(commands, Does.Contain("dotnet run -c Release --project stress"));
        Assert.That(commands, Does.Contain("dotnet run -c Release --project bench -- compare"));
        Assert.That(commands, Does.Contain("dotnet test Engine.sln -c Release"));
        Assert.That(Directory.Exists(Repository.PathOf("stress")), Is.True);
        Assert.That(Directory.Exists(Repository.PathOf("bench")), Is.True);
        Assert.That(File.Exists(Repository.PathOf("Engine.sln")), Is.True);
    }

    private static IReadOnlyList<string> Blocks(string language) => Repository.Blocks("../README.md", language);

    [GeneratedRegex(@"<AllowUnsafeBlocks>\w+</AllowUnsafeBlocks>")]
    private static partial Regex PropertyInText();

    [GeneratedRegex(@"^\| `((?:NativeMemory\.|using )[^`]+)` \| `([^`]+)` \|$", RegexOptions.Multiline)]
    private static partial Regex Replacement();

    [GeneratedRegex(@"NativeMemory\.\w+")]
    private static partial Regex NativeCall();
}
