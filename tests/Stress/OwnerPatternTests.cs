using System.Runtime.InteropServices;
using MagAlloc.Stress.Verification;

namespace MagAlloc.Tests.Stress;

public sealed unsafe class OwnerPatternTests
{
    private byte* _block;

    [SetUp]
    public void Allocate() => _block = (byte*)NativeMemory.AllocZeroed(1 << 16);

    [TearDown]
    public void Free() => NativeMemory.Free(_block);

    [Test]
    public void Tag_HoldsOwnerAndSequence()
    {
        ulong tag = OwnerPattern.Tag(0xABCDEF, 0x12_3456_789A);

        Assert.Multiple(() =>
        {
            Assert.That(tag, Is.EqualTo(0xABCDEF_12_3456_789AUL));
            Assert.That(OwnerPattern.OwnerOf(tag), Is.EqualTo(0xABCDEF));
            Assert.That(OwnerPattern.SequenceOf(tag), Is.EqualTo(0x12_3456_789A));
        });
    }

    [Test]
    public void EveryFlippedByte_IsFoundAtItsOffset()
    {
        ulong tag = OwnerPattern.Tag(0x010203, 0x0405060708);
        for (nuint size = 0; size <= 70; size++)
        {
            OwnerPattern.Fill(_block, size, tag);
            Assert.That(OwnerPattern.FindViolation(_block, size, tag), Is.EqualTo(-1), $"size {size}");
            for (nuint at = 0; at < size; at++)
            {
                _block[at] ^= 0x80;
                Assert.That(OwnerPattern.FindViolation(_block, size, tag), Is.EqualTo((long)at), $"size {size}");
                _block[at] ^= 0x80;
            }
        }
    }

    [Test]
    public void Fill_WritesNothingPastTheEnd()
    {
        OwnerPattern.Fill(_block, 13, ulong.MaxValue);

        Assert.That(_block[12], Is.EqualTo(0xff));
        Assert.That(_block[13], Is.Zero);
    }

    [Test]
    public void FillFromAnyOffset_ContinuesThePattern()
    {
        ulong tag = OwnerPattern.Tag(77, 99);
        OwnerPattern.Fill(_block, 0, 21, tag);
        OwnerPattern.Fill(_block, 21, 100, tag);

        Assert.That(OwnerPattern.FindViolation(_block, 100, tag), Is.EqualTo(-1));
    }

    [TestCase(VerifyMode.Sampled, 5000, 0)]
    [TestCase(VerifyMode.Sampled, 5000, 63)]
    [TestCase(VerifyMode.Sampled, 5000, 4999)]
    [TestCase(VerifyMode.Sampled, 5003, 5002)]
    [TestCase(VerifyMode.Sampled, 20000, 8192)]
    [TestCase(VerifyMode.Sampled, 4096, 2000)]
    [TestCase(VerifyMode.Full, 20000, 10001)]
    public void SampledPattern_FindsAByteItCovers(object verify, int size, int at)
    {
        VerifyMode mode = (VerifyMode)verify;
        ulong tag = OwnerPattern.Tag(3, 4);
        SampledPattern.Fill(_block, (nuint)size, tag, mode);
        Assert.That(SampledPattern.FindViolation(_block, (nuint)size, (nuint)size, tag, mode), Is.EqualTo(-1));

        _block[at] ^= 1;

        Assert.That(SampledPattern.FindViolation(_block, (nuint)size, (nuint)size, tag, mode), Is.EqualTo(at));
    }

    [Test]
    public void SampledPattern_VerifiesAnyPrefixOfALargeBlock()
    {
        ulong tag = OwnerPattern.Tag(3, 4);
        SampledPattern.Fill(_block, 30_001, tag, VerifyMode.Sampled);

        for (nuint prefix = 0; prefix <= 30_001; prefix += 7)
            Assert.That(SampledPattern.FindViolation(_block, 30_001, prefix, tag, VerifyMode.Sampled), Is.EqualTo(-1), $"prefix {prefix}");
    }

    [Test]
    public void Corruption_NamesOwnerExpectedFoundAndOffset()
    {
        ulong tag = OwnerPattern.Tag(12, 34);
        OwnerPattern.Fill(_block, 64, tag);
        OwnerPattern.Fill(_block, 40, 48, OwnerPattern.Tag(56, 78));
        IntegrityLog log = new();

        log.Corrupted("before free", _block, 64, OwnerPattern.FindViolation(_block, 64, tag), tag);

        Assert.That(log.Corruptions, Is.EqualTo(1));
        Assert.That(log.Messages().Single(), Does.Contain("offset 40").And.Contain("expected 0x00000c0000000022 (owner 12, sequence 34)")
            .And.Contain("found 0x000038000000004e (owner 56, sequence 78)"));
    }
}
