using System.Text.Json;
using MagAlloc.Bench.Measurement;

namespace MagAlloc.Bench.Reporting;

/// <summary>What every measuring command's JSON begins with: the command, the machine, the pace.</summary>
internal static class JsonHead
{
    public static void Write(Utf8JsonWriter json, string command, Pace pace)
    {
        json.WriteString("command", command);
        json.WriteString("runtime", Machine.Runtime);
        json.WriteString("system", Machine.System);
        json.WriteString("processor", Machine.Processor);
        json.WriteNumber("processors", Environment.ProcessorCount);
        json.WriteString("pace", pace.Name);
        json.WriteNumber("rounds", pace.Rounds);
    }

    public static void WriteSpread(Utf8JsonWriter json, RoundSummary summary)
    {
        json.WriteNumber("nsPerOperation", Math.Round(summary.Median, 3));
        json.WriteStartObject("spread");
        json.WriteNumber("min", Math.Round(summary.Min, 3));
        json.WriteNumber("max", Math.Round(summary.Max, 3));
        json.WriteEndObject();
        json.WriteNumber("operationsPerSecond", Math.Round(summary.OperationsPerSecond));
    }
}
