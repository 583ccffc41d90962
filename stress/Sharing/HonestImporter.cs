using System.Runtime.Versioning;
using MagAlloc.Stress.Verification;

namespace MagAlloc.Stress.Sharing;

/// <summary>An importer as it should be: verifies each frame, acknowledges it, and lets go of what the owner has released. It may be killed anywhere in this.</summary>
[SupportedOSPlatform("linux")]
internal sealed class HonestImporter(ImporterArguments arguments)
{
    private const int LookEvery = 16;
    private const int TellEvery = 256;

    private static readonly TimeSpan s_wait = TimeSpan.FromMilliseconds(5);

    private readonly byte[] _copy = new byte[1 << 20];
    private SplitMix64 _random = new(arguments.Seed);
    private long _verified;

    public void Run()
    {
        using BufferImporter importer = BufferImporter.Connect(arguments.Address, new BufferImporterOptions { AcceptRevocable = true });
        ImporterProgram.Say("ready");
        for (int turn = 0; importer.IsConnected; turn++)
        {
            bool received = importer.TryReceive(out BufferFrame frame, s_wait);
            if (received)
                Take(importer, in frame);
            if (!received || turn % LookEvery == 0)
            {
                VerifyArrived(importer);
                LetGoOfReleased(importer);
            }
        }
    }

    private void Take(BufferImporter importer, in BufferFrame frame)
    {
        long wrong = Verify(in frame);
        if (wrong >= 0 && !frame.Buffer.IsRevoked)
            ImporterProgram.Say($"corrupt frame {frame.Sequence} of buffer {frame.Buffer.Index} ({frame.Buffer.Profile}) at offset {wrong}");
        if (frame.Buffer.Access == BufferAccess.ReadWrite)
        {
            // The owner looks for this when the frame is back.
            FramePattern.Fill(frame.Buffer.GetWritableSpan(0, (int)frame.BytesUsed), ~(ulong)frame.Sequence);
        }

        // Now and then it takes its time, so that a kill finds frames with it.
        if (_random.Chance(2))
            Thread.Sleep(1);
        importer.Acknowledge(in frame);
        if (++_verified % TellEvery == 0)
            ImporterProgram.Say($"verified {TellEvery}");
    }

    private long Verify(in BufferFrame frame)
    {
        ulong number = (ulong)frame.Sequence;
        int length = (int)frame.BytesUsed;
        if (frame.Buffer.Profile == BufferProfile.Revocable || _random.Chance(10))
        {
            Span<byte> copy = _copy.AsSpan(0, length);
            return frame.Buffer.TryRead(0, copy) ? FramePattern.FindViolation(copy, number) : -1;
        }

        return FramePattern.FindViolation(frame.Span, number);
    }

    /// <summary>Immutable buffers are not of the stream: they are what they were when they were made, which their index says.</summary>
    private static void VerifyArrived(BufferImporter importer)
    {
        while (importer.TryImport(out BufferImport? import))
        {
            if (import.Profile == BufferProfile.Immutable && FramePattern.FindViolation(import.GetSpan(), (ulong)import.Index) is >= 0 and var wrong)
                ImporterProgram.Say($"corrupt buffer {import.Index} ({import.Profile}) at offset {wrong}");
        }
    }

    private static void LetGoOfReleased(BufferImporter importer)
    {
        foreach (BufferImport import in importer.Imports)
        {
            if (import.IsReleased || import.IsRevoked)
                import.Dispose();
        }
    }
}
