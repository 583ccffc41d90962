using MagAlloc.Stress.Iova;

namespace MagAlloc.Tests.Stress.Iova;

/// <summary>The oracle of address ranges sees every pfn, at the edges of its words too.</summary>
public sealed class RangeOracleTests
{
    [TestCase(0ul, 0ul, 0ul, 5ul)]
    [TestCase(60ul, 70ul, 70ul, 80ul)]
    [TestCase(60ul, 70ul, 50ul, 60ul)]
    [TestCase(0ul, 300ul, 128ul, 128ul)]
    [TestCase(64ul, 127ul, 0ul, 200ul)]
    public void AClaimOfAHeldPfn_IsRefused(ulong first, ulong last, ulong otherFirst, ulong otherLast)
    {
        using RangeOracle oracle = new(512);

        Assert.That(oracle.TryClaim(first, last), Is.True);
        Assert.That(oracle.TryClaim(otherFirst, otherLast), Is.False);
    }

    [Test]
    public void ARelease_FreesExactlyItsRange_AndKnowsWhatIsNotHeld()
    {
        using RangeOracle oracle = new(512);
        Assert.That(oracle.TryClaim(10, 200), Is.True);

        Assert.That(oracle.TryRelease(63, 129), Is.True);
        Assert.That(oracle.TryClaim(63, 129), Is.True);
        Assert.That(oracle.TryClaim(62, 62), Is.False);
        Assert.That(oracle.TryClaim(130, 130), Is.False);
        Assert.That(oracle.TryRelease(200, 201), Is.False);
    }

    [Test]
    public void Room_IsWhatATrialOfEveryPlaceFinds([Values(1, 2, 3)] int seed)
    {
        const int Units = 300;
        Random random = new(seed);
        for (int trial = 0; trial < 300; trial++)
        {
            using RangeOracle oracle = new(Units);
            bool[] held = new bool[Units];
            for (int i = random.Next(60); i > 0; i--)
            {
                int at = random.Next(Units);
                if (!held[at])
                    oracle.TryClaim((ulong)at, (ulong)at);
                held[at] = true;
            }

            int size = random.Next(1, 40);
            int alignment = 1 << random.Next(7);
            int lowest = random.Next(20);
            int highest = random.Next(Units);
            bool expected = Enumerable.Range(lowest, Units).Any(first =>
                first % alignment == 0 && first + size - 1 <= highest && !held.AsSpan(first, size).Contains(true));

            Assert.That(
                oracle.HasRoom((ulong)size, (ulong)alignment, (ulong)lowest, (ulong)highest),
                Is.EqualTo(expected),
                $"seed {seed}, trial {trial}: {size} aligned to {alignment} in {lowest}-{highest}");
        }
    }

    [Test]
    public void AReleaseThatIsNotSettled_LeavesTheCountUnknown()
    {
        using RangeOracle oracle = new(64);
        Assert.That(oracle.Releases, Is.Zero);
        oracle.TryClaim(1, 2);

        oracle.TryRelease(1, 2);
        Assert.That(oracle.Releases, Is.Null);

        oracle.Settle();
        Assert.That(oracle.Releases, Is.EqualTo(1));
    }
}
