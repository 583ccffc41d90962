using System.Diagnostics;
using System.Runtime.Versioning;
using MagAlloc.Platform;
using MagAlloc.Sharing.Platform;

namespace MagAlloc.Tests.Platform;

/// <summary>Descriptors of processes: they tell of an end, and end no other.</summary>
[Platform("Linux")]
[SupportedOSPlatform("linux")]
public sealed class ProcessDescriptorTests
{
    [Test]
    public void It_is_readable_when_the_process_has_ended()
    {
        using Process child = Process.Start("sleep", "60");
        using FileDescriptor process = ProcessDescriptor.Open(child.Id)!;
        PollSet set = new();
        int place = set.Add(process, forReading: true);
        Assert.That(set.Wait(0), Is.False);

        Assert.That(ProcessDescriptor.TryKill(process), Is.True);
        Assert.That(set.Wait(10_000), Is.True);
        Assert.That(set[place], Is.Not.Zero);
        Assert.That(child.WaitForExit(10_000), Is.True);
        Assert.That(child.ExitCode, Is.EqualTo(128 + 9));
    }

    [Test]
    public void Who_has_ended_cannot_be_ended_and_nobody_else_is()
    {
        // It lives until its input ends: it is there to be opened.
        using Process child = Process.Start(new ProcessStartInfo("cat") { RedirectStandardInput = true })!;
        using FileDescriptor process = ProcessDescriptor.Open(child.Id)!;
        child.StandardInput.Close();
        Assert.That(child.WaitForExit(10_000), Is.True);
        Assert.That(ProcessDescriptor.TryKill(process), Is.False);
    }

    [Test]
    public void There_is_none_of_nobody()
    {
        Assert.That(ProcessDescriptor.Open(int.MaxValue), Is.Null);
        Assert.That(VirtualMemory.LastError, Is.EqualTo(3).Or.EqualTo(LinuxError.InvalidArgument), "ESRCH");
    }

    [Test]
    public void The_peer_of_a_socket_is_this_process()
    {
        Assert.That(MessageSocket.TryCreatePair(out FileDescriptor? here, out FileDescriptor? there), Is.True);
        using FileDescriptor first = here!, second = there!;
        using FileDescriptor? process = MessageSocket.OpenPeer(first);
        Assume.That(process, Is.Not.Null, "Linux 6.5 or later");
        string line = File.ReadLines($"/proc/self/fdinfo/{process!.Number}").Single(one => one.StartsWith("Pid:", StringComparison.Ordinal));
        Assert.That(line[4..].Trim(), Is.EqualTo($"{Environment.ProcessId}"));
        PollSet set = new();
        set.Add(process, forReading: true);
        Assert.That(set.Wait(0), Is.False, "it lives");
    }
}
