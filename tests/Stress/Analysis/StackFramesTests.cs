using MagAlloc.Tool.Analysis;

namespace MagAlloc.Tests.Stress.Analysis;

public sealed class StackFramesTests
{
    [TestCase("MagAlloc.NativeHeap.Allocate", true)]
    [TestCase("MagAlloc.Magazines.MagazineEngine`1[MagAlloc.Slabs.SlabSource].Refill", true)]
    [TestCase("MagAlloc.Stress.Hammer.HammerLane.Work", false)]
    [TestCase("MagAlloc.Bench.Program.Main", false)]
    [TestCase("MagAllocator.Somebody.Else", false)]
    [TestCase("System.Threading.Thread.StartCallback", false)]
    public void TheEngine_IsToldFromItsUsers(string frame, bool engine) => Assert.That(StackFrames.IsEngine(frame), Is.EqualTo(engine));

    [TestCase("MagAlloc.NativeHeap.Allocate(unsigned int)", "MagAlloc", "MagAlloc.NativeHeap.Allocate")]
    [TestCase("", "app", "app!(no name)")]
    [TestCase("", "", "(no name)")]
    public void Short_LeavesParametersOut(string full, string module, string expected) =>
        Assert.That(StackFrames.Short(full, module), Is.EqualTo(expected));

    [TestCase("MagAlloc.Stress.Hammer.HammerLane.Work", "HammerLane.Work")]
    [TestCase("A.B.Engine`1[C.D.Source].Refill", "Engine.Refill")]
    [TestCase("A.Map`2[B.List`1[C.D],E[]].Get[F.G]", "Map.Get")]
    [TestCase("A.B.Lane+<>c.<Start>b__0", "Lane+<>c.<Start>b__0")]
    [TestCase("Main", "Main")]
    [TestCase("Program.Main", "Program.Main")]
    [TestCase("app!(no name)", "app!(no name)")]
    public void WithoutNamespace_IsTypeAndMethod(string frame, string expected) =>
        Assert.That(StackFrames.WithoutNamespace(frame), Is.EqualTo(expected));

    [Test]
    public void FromPublicMethod_KeepsTheOutermostOfTheEngine()
    {
        string[] stack =
        [
            "System.Diagnostics.Tracing.EventSource.WriteEventCore", "MagAlloc.Events.MagAllocEventSource.AllocationSampled",
            "MagAlloc.Magazines.X.Refill", "MagAlloc.NativeHeap.Allocate", "App.Parse", "MagAlloc.NativeHeap.Callback", "App.Main",
        ];

        Assert.That(StackFrames.FromPublicMethod(stack), Is.EqualTo(stack[3..]));
        Assert.That(StackFrames.FromPublicMethod(stack[4..]), Is.EqualTo(stack[4..]));
        Assert.That(StackFrames.FromPublicMethod([]), Is.Empty);
    }
}
