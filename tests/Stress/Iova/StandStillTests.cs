using MagAlloc.Stress.Iova;

namespace MagAlloc.Tests.Stress.Iova;

public sealed class StandStillTests
{
    [Test]
    public void WhileOneActs_AllOthersStand_AndNobodyIsForgotten()
    {
        const int Participants = 4;
        const int Actions = 200;
        StandStill still = new(Participants);
        int working = 0;
        int disturbed = 0;
        int acted = 0;
        Thread[] threads = [.. Enumerable.Range(0, Participants).Select(number => new Thread(() =>
        {
            for (int i = 0; i < Actions; i++)
            {
                still.Check();
                Interlocked.Increment(ref working);
                Thread.SpinWait(20);
                Interlocked.Decrement(ref working);
                if (number == 3)
                {
                    still.Sleep(TimeSpan.FromMilliseconds(1));
                    continue;
                }

                still.Run(() =>
                {
                    if (Volatile.Read(ref working) != 0)
                        Interlocked.Increment(ref disturbed);
                    acted++;
                });
            }

            still.Leave();
        }))];
        foreach (Thread thread in threads)
            thread.Start();
        foreach (Thread thread in threads)
            Assert.That(thread.Join(TimeSpan.FromSeconds(30)), Is.True, "somebody waits forever");

        Assert.That((disturbed, acted), Is.EqualTo((0, (Participants - 1) * Actions)));
    }
}
