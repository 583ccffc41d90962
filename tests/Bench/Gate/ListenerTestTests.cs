using MagAlloc.Bench.Gate.Code;

namespace MagAlloc.Tests.Bench.Gate;

public sealed class ListenerTestTests
{
    // As .NET 10 writes it, shortened.
    private const string Captured = """
        ; Assembly listing for method MagAlloc.Bench.Gate.Code.ListenerTest:IsListening():ubyte (FullOpts)
        ; optimized code
               mov      rdi, 0x7FE4270A0D68
               mov      rdi, gword ptr [rdi]
               movzx    rax, byte  ptr [rdi+0x9D]
               ret      

        ; Total bytes of code 22

        ; Assembly listing for method MagAlloc.NativeHeap:Allocate(nuint):ptr:this (FullOpts)
        ; optimized code
               cmp      byte  ptr [rdi+0x9D], 0
               jne      SHORT G_M000_IG06
               cmp      byte  ptr [rdi+0x10], 0
               movzx    rsi, byte  ptr [rax+0x9D]
               mov      rax, qword ptr [rdi+0x9D]

        ; Total bytes of code 30

        ; Assembly listing for method MagAlloc.NativeHeap:Free(ptr):this (FullOpts)
        ; optimized code
               movzx    rax, byte  ptr [rdi+rcx]
               ldrb    w0, [x0, #0x9D]

        ; Total bytes of code 8

        """;

    private static readonly IReadOnlyList<JitMethod> s_listing = JitListing.Parse(Captured);

    [Test]
    public void TheDisplacement_IsThatOfTheMethodThatAsks() => Assert.That(ListenerTest.Displacement(s_listing), Is.EqualTo(0x9D));

    [TestCase("MagAlloc.NativeHeap:Allocate", 2)]
    [TestCase("MagAlloc.NativeHeap:Free", 1)]
    public void EveryLoadOfThatByte_Counts(string name, int count) =>
        Assert.That(ListenerTest.Count(JitListing.Find(s_listing, name)!, 0x9D), Is.EqualTo(count));

    [Test]
    public void WithoutTheMethod_NothingIsTold() => Assert.That(ListenerTest.Displacement([]), Is.Null);
}
