using MagAlloc.Bench.Gate.Code;

namespace MagAlloc.Tests.Bench.Gate;

public sealed class JitListingTests
{
    // As .NET 10 writes it, shortened.
    private const string Captured = """
        ; Assembly listing for method MagAlloc.Depot:Take(nuint):ptr:this (Tier0)
        ; Emitting BLENDED_CODE for x64 + VEX on Unix
        ; Tier0 code

        G_M000_IG01:                ;; offset=0x0000
               push     rbp
               ret      

        ; Total bytes of code 2

        ; Assembly listing for method MagAlloc.Depot:Take(nuint):ptr:this (FullOpts)
        ; Emitting BLENDED_CODE for x64 + VEX on Unix
        ; FullOpts code
        ; optimized code
        ; rbp based frame
        ; 0 inlinees with PGO data; 2 single block inlinees; 2 inlinees without PGO data

        G_M000_IG01:                ;; offset=0x0000
               push     rbp
               lea      rbp, [rsp+0x20]
               align    [5 bytes for IG02]
         
        G_M000_IG02:                ;; offset=0x0013
               mov      rax, 0x7F0ED72D24B0
               lock     
               cmpxchg  qword ptr [rdi+0x08], rsi
               xchg     rax, rcx
               xchg     dword ptr [rdi], eax
               vmovups  xmmword ptr [rdi], xmm0
               call     [MagAlloc.Depot:TakeSlow():ptr:this]
               lock     
               or       dword ptr [rsp], 0
               tail.jmp [MagAlloc.Depot:Lock():ptr]
         
        RWD00  	dq	0000000000000000h
        ; Total bytes of code 167

        ; Assembly listing for method MagAlloc.Depot:TakeMany(nuint):int:this (FullOpts)
        ; optimized code
               ret      
        ; Total bytes of code 1
        """;

    private const string Take = "MagAlloc.Depot:Take(nuint):ptr:this";

    private static readonly IReadOnlyList<JitMethod> s_methods = JitListing.Parse(Captured);

    [Test]
    public void Methods_AreNamedWithTheirArguments_InTheOrderOfTheListing() => Assert.That(
        s_methods.Select(m => m.Name),
        Is.EqualTo(new[] { Take, Take, "MagAlloc.Depot:TakeMany(nuint):int:this" }));

    [Test]
    public void Find_TakesTheLastCompilation() => Assert.Multiple(() =>
    {
        Assert.That(JitListing.Find(s_methods, "MagAlloc.Depot:Take(nuint)"), Is.SameAs(s_methods[1]));
        Assert.That(s_methods[0].Optimized, Is.False);
        Assert.That(s_methods[1].Optimized, Is.True);
        Assert.That(JitListing.Find(s_methods, "MagAlloc.Depot:Put"), Is.Null);
    });

    [Test]
    public void Instructions_AreCountedWithoutLabelsPaddingAndData_APrefixWithItsInstruction() => Assert.Multiple(() =>
    {
        Assert.That(s_methods[1].Instructions, Is.EqualTo(10));
        Assert.That(s_methods[1].CodeBytes, Is.EqualTo(167));
        Assert.That(s_methods[0].Instructions, Is.EqualTo(2));
    });

    [Test]
    public void LockedInstructions_AreLockPrefixesAndExchangesWithMemory() => Assert.That(
        s_methods[1].Locked.Select(i => string.Join(' ', i.Split(' ', StringSplitOptions.RemoveEmptyEntries))),
        Is.EqualTo(new[] { "lock cmpxchg qword ptr [rdi+0x08], rsi", "xchg dword ptr [rdi], eax", "lock or dword ptr [rsp], 0" }));

    [TestCase("ldaxr    x0, [x1]")]
    [TestCase("stlxr    w2, x0, [x1]")]
    [TestCase("casal    x0, x2, [x1]")]
    [TestCase("ldaddal  x0, x2, [x1]")]
    [TestCase("swpalh    x0, x2, [x1]")]
    [TestCase("dmb      ish")]
    [TestCase("mfence   ")]
    [TestCase("ldsetalb w0, w2, [x1]")]
    public void LockedInstructions_OfOtherKindsAndArchitectures(string instruction) =>
        Assert.That(Method(instruction).Locked, Has.Count.EqualTo(1));

    [TestCase("ldr      x0, [x1]")]
    [TestCase("ldar     x0, [x1]")]
    [TestCase("stlr     x0, [x1]")]
    [TestCase("str      x0, [x1]")]
    [TestCase("casing   x0")]
    [TestCase("call     [A:Lock():ptr]")]
    public void LockedInstructions_OthersAreNone(string instruction) =>
        Assert.That(Method(instruction).Locked, Is.Empty);

    [Test]
    public void EmptyText_HasNoMethods() => Assert.That(JitListing.Parse(string.Empty), Is.Empty);

    private static JitMethod Method(string instruction) =>
        JitListing.Parse($"; Assembly listing for method A:B() (FullOpts)\n       {instruction}\n").Single();
}
