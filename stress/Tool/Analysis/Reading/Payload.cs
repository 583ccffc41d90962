using System.Globalization;
using Microsoft.Diagnostics.Tracing;

namespace MagAlloc.Tool.Analysis.Reading;

/// <summary>The fields of an event by name. One that an older or newer engine does not write is 0 or empty.</summary>
internal readonly struct Payload(TraceEvent data)
{
    public long this[string field] => data.PayloadByName(field) switch
    {
        long value => value,
        int value => value,
        null => 0,
        IConvertible value => value.ToInt64(CultureInfo.InvariantCulture),
        _ => 0,
    };

    public string Text(string field) => data.PayloadByName(field) as string ?? string.Empty;
}
