using MagAlloc.Bench.Gate.Reference;

namespace MagAlloc.Tests.Bench.Gate;

/// <summary>A yardstick that hands blocks out twice would measure nothing.</summary>
public sealed unsafe class ReferenceHeapTests
{
    private const int Live = 3000;

    [Test]
    public void Blocks_KeepTheirContents_WhateverIsCalled([Values(1, 2)] int seed)
    {
        Random random = new(seed);
        (nint Address, int Bytes)[] blocks = new (nint, int)[Live];
        for (int i = 0; i < 200_000; i++)
        {
            ref (nint Address, int Bytes) slot = ref blocks[random.Next(Live)];
            Verify(slot.Address, slot.Bytes);
            int bytes = 1 + random.Next(random.Next(50) == 0 ? 60_000 : 2000);
            int alignment = 1 << random.Next(4, 9);
            switch (random.Next(5))
            {
                case 0 when slot.Address != 0:
                    slot.Address = (nint)ReferenceHeap.Reallocate((void*)slot.Address, (nuint)bytes);
                    Verify(slot.Address, Math.Min(bytes, slot.Bytes), slot.Bytes);
                    break;
                case 1:
                    ReferenceHeap.Free((void*)slot.Address);
                    slot.Address = (nint)ReferenceHeap.AllocateAligned((nuint)bytes, (nuint)alignment);
                    Assert.That((long)slot.Address % alignment, Is.Zero);
                    break;
                case 2:
                    ReferenceHeap.Free((void*)slot.Address);
                    slot.Address = (nint)ReferenceHeap.AllocateZeroed((nuint)bytes);
                    Assert.That(new ReadOnlySpan<byte>((void*)slot.Address, bytes).ContainsAnyExcept((byte)0), Is.False);
                    break;
                default:
                    ReferenceHeap.Free((void*)slot.Address);
                    slot.Address = (nint)ReferenceHeap.Allocate((nuint)bytes);
                    break;
            }

            slot.Bytes = bytes;
            Fill(slot.Address, bytes);
        }

        foreach ((nint address, int bytes) in blocks)
        {
            Verify(address, bytes);
            ReferenceHeap.Free((void*)address);
        }
    }

    private static void Fill(nint address, int bytes) => new Span<byte>((void*)address, bytes).Fill((byte)bytes);

    private static void Verify(nint address, int bytes) => Verify(address, bytes, bytes);

    private static void Verify(nint address, int bytes, int filledAs)
    {
        if (address != 0 && new ReadOnlySpan<byte>((void*)address, bytes).ContainsAnyExcept((byte)filledAs))
            Assert.Fail($"a block of {bytes} bytes has been written to by another");
    }
}
