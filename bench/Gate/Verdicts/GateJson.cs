using System.Text.Json;
using MagAlloc.Bench.Gate.Baselines;

namespace MagAlloc.Bench.Gate.Verdicts;

/// <summary>The machine-readable verdicts. Keys are part of the program's contract: add, never rename.</summary>
internal static class GateJson
{
    public static void Write(Utf8JsonWriter json, bool pass, Fingerprint recorded, Fingerprint here, IReadOnlyList<Verdict> verdicts)
    {
        json.WriteString("command", "gate");
        json.WriteBoolean("pass", pass);
        Write(json, "baseline", recorded);
        Write(json, "machine", here);
        json.WriteStartArray("entries");
        foreach (Verdict verdict in verdicts)
        {
            json.WriteStartObject();
            json.WriteString("name", verdict.Name);
            json.WriteString("class", verdict.Class);
            json.WriteString("verdict", GateTable.Word(verdict.Outcome).ToLowerInvariant());
            Write(json, "measured", verdict.Measured);
            Write(json, "baseline", verdict.Baseline);
            Write(json, "limit", verdict.Limit);
            json.WriteString("unit", verdict.Unit);
            json.WriteString("text", verdict.Text);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter json, string name, Fingerprint fingerprint)
    {
        json.WriteStartObject(name);
        json.WriteString("cpu", fingerprint.Cpu);
        json.WriteNumber("cores", fingerprint.Cores);
        json.WriteString("runtime", fingerprint.Runtime);
        json.WriteString("architecture", fingerprint.Architecture);
        json.WriteString("date", fingerprint.Date);
        json.WriteEndObject();
    }

    // JSON has no NaN: what is none is null.
    private static void Write(Utf8JsonWriter json, string name, double? value)
    {
        if (value is { } number && double.IsFinite(number))
            json.WriteNumber(name, number);
        else
            json.WriteNull(name);
    }
}
