using System.Runtime.Versioning;
using MagAlloc.Tests.Docs;
using MagAlloc.Tests.Sharing.Support;
using MagAlloc.Tests.Stress.Tracing;

namespace MagAlloc.Tests.Sharing;

/// <summary>An owner that is killed: importers are told, and keep what they have until they let go.</summary>
[Platform("Linux")]
[SupportedOSPlatform("linux")]
[NonParallelizable]
public sealed class OwnerCrashTests
{
    private const int PictureBytes = 640 * 360;

    [Test]
    public void An_importer_keeps_its_frames_when_the_owner_is_killed()
    {
        string address = $"@magalloc-crash-{Environment.ProcessId}";
        using ExternalProgram owner = Samples.Start("Producer", address, "1000");
        owner.AwaitOutput(output => output.Contains("waiting", StringComparison.Ordinal));
        using BufferImporter importer = BufferImporter.Connect(address);
        Assert.That(importer.TryReceive(out BufferFrame frame, Shared.Soon), Is.True);
        Assert.That(importer.OwnerProcessId, Is.EqualTo(owner.Id));

        owner.Signal("KILL");
        while (importer.TryReceive(out _, Shared.Soon))
        {
            // What it had sent before.
        }

        Assert.Multiple(() =>
        {
            Assert.That(importer.IsConnected, Is.False);
            Assert.That(frame.BytesUsed, Is.EqualTo(PictureBytes));
            Assert.That(frame.Buffer.IsRevoked, Is.False);
            for (int row = 0; row < 360; row++)
            {
                Assert.That(frame.Span.Slice(row * 640, 640).IndexOfAnyExcept((byte)row), Is.EqualTo(-1), $"row {row} of the first picture");
            }
        });

        // Nobody is left to be told.
        Assert.DoesNotThrow(() => importer.Acknowledge(frame));
        frame.Buffer.Dispose();
        importer.Dispose();
        Assert.That(MemoryFilesOf("frames"), Is.Empty, "what was shared is gone with the last one who had it");
    }

    private static IEnumerable<string> MemoryFilesOf(string name) =>
        File.ReadLines("/proc/self/maps").Concat(Directory.GetFiles("/proc/self/fd").Select(link => new FileInfo(link).LinkTarget ?? string.Empty))
            .Where(line => line.Contains($"memfd:{name}", StringComparison.Ordinal));
}
