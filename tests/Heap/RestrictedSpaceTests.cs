using System.Runtime.Versioning;
using MagAlloc.Tests.Children;

namespace MagAlloc.Tests.Heap;

/// <summary>
/// Where addresses are few, by a limit (<c>ulimit -v</c>) or because they are used up: something useful is made, or refused clearly and without a trace.
/// Each in a process of its own.
/// </summary>
[Platform("Linux")]
[SupportedOSPlatform("linux")]
[NonParallelizable]
public sealed class RestrictedSpaceTests
{
    private static readonly (string, string) s_smallCollector = ("DOTNET_GCHeapHardLimit", "0x200000000");

    /// <summary>512 heaps of the default size fill the address space: the next ones are smaller, and the last one is refused.</summary>
    [Test]
    public void HeapsUntilTheAddressesEnd_ThenARefusal_AndAllOthersWork() => ChildProgram.Play("heaps-until-refused");

    [Test]
    public void EightHeaps_UnderALimitOf20GB() => ChildProgram.Play("eight-heaps", addressKib: 20_000_000);

    [Test]
    public void EightHeaps_UnderALimitOf20GB_WithASmallCollector() => ChildProgram.Play("eight-heaps", addressKib: 20_000_000, s_smallCollector);

    [TestCase("heap")]
    [TestCase("heap-basic")]
    [TestCase("pool")]
    [TestCase("cache")]
    [TestCase("domain")]
    [TestCase("shared")]
    [TestCase("all")]
    public void SixtyFourMiBOfAddresses_AreEnough(string component) => ChildProgram.Play($"tight-{component}");

    [Test]
    public void AnExplicitSizeThatDoesNotFit_IsRefused_AndSaysWhatToDo() => ChildProgram.Play("explicit-size");

    [Test]
    public void TheSharedHeap_RefusedAtFirst_IsMadeLater() => ChildProgram.Play("shared-later");

    [Test]
    public void RefusalsForWantOfAddresses_LeaveNothing() => ChildProgram.Play("refused-a-thousand-times");
}
