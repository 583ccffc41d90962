namespace MagAlloc.Tests.Docs;

/// <summary>The code on the other pages compiles as it is printed, in a reader's project.</summary>
[Parallelizable(ParallelScope.Self)]
internal sealed class PrintedCodeTests
{
    /// <summary>Each block of the guides is a whole program.</summary>
    [Test]
    public void The_programs_of_the_guides_compile_and_run()
    {
        string[] pages = ["getting-started.md", "heaps.md", "pools.md", "tuning.md"];
        List<ScratchProject> readers = [];
        try
        {
            foreach (string program in pages.SelectMany(page => Repository.Blocks(page, "csharp")))
            {
                ScratchProject reader = new("<AllowUnsafeBlocks>true</AllowUnsafeBlocks>");
                readers.Add(reader);
                reader["Program.cs"] = program;
            }

            Assert.That(readers, Has.Count.GreaterThanOrEqualTo(pages.Length));
            ScratchProject.BuildAll(readers);
            Assert.Multiple(() => readers.ForEach(reader => reader.Run()));
        }
        finally
        {
            readers.ForEach(reader => reader.Dispose());
        }
    }

    /// <summary>Each is a whole program; that they work together is another test's.</summary>
    [TestCase(0)]
    [TestCase(1)]
    [Platform("Linux")]
    public void A_program_of_the_page_on_sharing_compiles(int program)
    {
        using ScratchProject reader = new();
        reader["Program.cs"] = Repository.Blocks("sharing.md", "csharp")[program];
        reader.Build();
    }

    [Test]
    public void The_program_of_the_page_on_observability_compiles_and_runs()
    {
        using ScratchProject reader = new(
            string.Empty,
            Directory.GetFiles(AppContext.BaseDirectory, "OpenTelemetry*.dll").Concat(Directory.GetFiles(AppContext.BaseDirectory, "Microsoft.Extensions.*.dll"))
                .Select(file => Path.GetFileNameWithoutExtension(file)));
        reader["Program.cs"] = Repository.Blocks("observability.md", "csharp").Single();
        reader.Build();
        reader.Run();
    }

    /// <summary>All of the page is one program, but for what starts it.</summary>
    [Test]
    public void The_code_of_the_page_on_address_ranges_compiles()
    {
        using ScratchProject reader = new("<AllowUnsafeBlocks>true</AllowUnsafeBlocks>");
        IReadOnlyList<string> blocks = Repository.Blocks("iova.md", "csharp");
        for (int i = 0; i < blocks.Count; i++)
            reader[$"Block{i}.cs"] = blocks[i];
        reader["Program.cs"] = "return 0;";
        reader.Build();
    }
}
