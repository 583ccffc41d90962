using System.Runtime.Versioning;

namespace MagAlloc.Bench.Share.Cells;

/// <summary>Frames written into a pipe and read out of it; a byte through another one acknowledges each.</summary>
[SupportedOSPlatform("linux")]
internal sealed class PipeCell : ShareCell
{
    private readonly byte[] _frame;
    private readonly byte[] _byte = new byte[1];
    private long _number;

    public PipeCell(ShareWorkload workload, int bytes)
        : base(workload, bytes)
    {
        _frame = new byte[bytes];
        Start(ShareContenders.Pipe, "-");
    }

    protected override void Send()
    {
        ShareFrame.Fill(_frame, ++_number, Workload.Fills);
        Consumer.StandardInput.BaseStream.Write(_frame);
        Consumer.StandardInput.BaseStream.Flush();
    }

    protected override void TakeBack()
    {
        if (Consumer.StandardOutput.BaseStream.Read(_byte) != 1)
            throw Gone();
    }
}
