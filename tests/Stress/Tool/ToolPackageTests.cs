using System.Diagnostics;
using System.Text.Json;
using MagAlloc.Stress.Commands;
using MagAlloc.Tests.Docs;
using MagAlloc.Tests.Stress.Analysis;
using MagAlloc.Tooling.Commands;

namespace MagAlloc.Tests.Stress.Tool;

/// <summary>The tool as a user has it: packed, installed from nothing but the folder with the package, and run in a folder of the user's.</summary>
[NonParallelizable]
public sealed class ToolPackageTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(3);

    private TemporaryFolder _folder = null!;

    [OneTimeSetUp]
    public void PackAndInstall()
    {
        _folder = new TemporaryFolder();
        string configuration = Path.GetFileName(Path.GetDirectoryName(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar)))!;
        Succeed("dotnet", "pack", Repository.PathOf("stress", "Tool"), "-c", configuration, "--no-build", "-o", _folder["packages"]);

        // No other source: what the tool needs is in its package, or it cannot be installed.
        File.WriteAllText(_folder["nuget.config"], "<configuration><packageSources><clear /></packageSources></configuration>");
        Directory.CreateDirectory(_folder["here"]);
        Succeed(
            "dotnet", "tool", "install", "MagAlloc.Tool", "--tool-path", _folder["tools"], "--add-source", _folder["packages"], "--configfile", _folder["nuget.config"]);
    }

    [OneTimeTearDown]
    public void DeleteFolder() => _folder.Dispose();

    [Test]
    public void Help_NamesTheCommands() => Assert.That(Succeed(_folder["tools/magalloc"], "--help"), Does.Contain("trace").And.Contain("top").And.Contain("analyze").And.Contain("magalloc trace -- dotnet app.dll"));

    [Test]
    public void AProgramIsRecordedIntoADatedFile_AndAnalyzed()
    {
        string child = Path.ChangeExtension(typeof(StressCommandLine).Assembly.Location, null);

        string told = Succeed(_folder["tools/magalloc"], "trace", "--sample-bytes", "64KiB", "--", child, "hammer", "--threads", "1", "--seconds", "1", "--seed", "1");

        string trace = Directory.GetFiles(_folder["here"], "*.nettrace").Single();
        Assert.That(Path.GetFileName(trace), Does.Match(@"^magalloc-\d{8}-\d{6}\.nettrace$"));
        Assert.That(told, Does.Contain($"trace: {Path.GetFileName(trace)}").And.Contain("PASS: ").And.Contain("allocated by"), "the child's words are relayed");

        Succeed(_folder["tools/magalloc"], "analyze", trace, "--json", _folder["run.json"], "--html", _folder["run.html"]);

        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(_folder["run.json"]));
        JsonElement site = json.RootElement.GetProperty("sites")[0];
        Assert.That(site.GetProperty("site").GetString(), Does.StartWith("MagAlloc.Stress.Hammer."), "not a method of the engine");
        Assert.That(site.GetProperty("bytes").GetInt64(), Is.Positive);
        Assert.That(File.ReadAllText(_folder["run.html"]), Does.Contain("live at the end, at most").And.Not.Contain("http"));
    }

    [TestCase("behind '--': 'dotnet run'", "dotnet", "run")]
    [TestCase("cannot be traced", "/no/such/program")]
    [TestCase("behind '--': give a program")]
    public void WhatCannotBeTraced_IsRefusedInOneLine(string named, params string[] command)
    {
        (int exitCode, string output) = Run(_folder["tools/magalloc"], ["trace", "-o", _folder["no.nettrace"], "--", .. command]);

        Assert.That(exitCode, Is.EqualTo(2), output);
        Assert.That(output.TrimEnd(), Does.StartWith("magalloc: ").And.Contain(named).And.Not.Contain("\n"));
        Assert.That(File.Exists(_folder["no.nettrace"]), Is.False);
    }

    private string Succeed(string file, params string[] arguments)
    {
        (int exitCode, string output) = Run(file, arguments);
        Assert.That(exitCode, Is.Zero, output);
        return output;
    }

    private (int ExitCode, string Output) Run(string file, string[] arguments)
    {
        ProcessStartInfo start = new(file, arguments)
        {
            WorkingDirectory = Directory.Exists(_folder["here"]) ? _folder["here"] : _folder["."],
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1", ["DOTNET_NOLOGO"] = "1", ["DOTNET_CLI_UI_LANGUAGE"] = "en", ["MSBUILDDISABLENODEREUSE"] = "1" },
        };
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        if (!process.WaitForExit(s_patience))
        {
            process.Kill(entireProcessTree: true);
            RuntimeFiles.Remove(process.Id);
            Assert.Fail($"{file} {string.Join(' ', arguments)} does not end");
        }

        return (process.ExitCode, output.Result + errors.Result);
    }
}
