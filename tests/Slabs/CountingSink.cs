using MagAlloc.Slabs;

namespace MagAlloc.Tests.Slabs;

internal sealed class CountingSink : IMisuseSink
{
    public List<(MisuseKind Kind, nuint Address)> Reports { get; } = [];

    public void Report(MisuseKind kind, nuint address)
    {
        lock (Reports)
        {
            Reports.Add((kind, address));
        }
    }
}
