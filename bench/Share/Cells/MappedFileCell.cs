using System.IO.MemoryMappedFiles;
using System.Runtime.Versioning;

namespace MagAlloc.Bench.Share.Cells;

/// <summary>Frames in the slots of a file that both map; a byte through a pipe announces one, and a byte acknowledges it. No copy either.</summary>
[SupportedOSPlatform("linux")]
internal sealed unsafe class MappedFileCell : ShareCell
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"magalloc-bench-{Guid.NewGuid():N}");
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _start;
    private readonly byte[] _byte = [1];
    private long _number;

    public MappedFileCell(ShareWorkload workload, int bytes)
        : base(workload, bytes)
    {
        _file = MemoryMappedFile.CreateFromFile(_path, FileMode.CreateNew, null, (long)bytes * workload.Depth);
        _view = _file.CreateViewAccessor();
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _start);
        Start(ShareContenders.MappedFile, _path);
    }

    public override void Dispose()
    {
        base.Dispose();
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
        File.Delete(_path);
    }

    protected override void Send()
    {
        ShareFrame.Fill(new Span<byte>(_start + (_number % Workload.Depth * Bytes), Bytes), _number + 1, Workload.Fills);
        _number++;
        Consumer.StandardInput.BaseStream.Write(_byte);
        Consumer.StandardInput.BaseStream.Flush();
    }

    protected override void TakeBack()
    {
        if (Consumer.StandardOutput.BaseStream.Read(_byte) != 1)
            throw Gone();
    }
}
