using System.Text;
using System.Text.Json;
using MagAlloc.Bench.Measurement;

namespace MagAlloc.Bench.Children;

/// <summary>What a child has to tell at its end, beside the times of its rounds.</summary>
internal sealed record ChildFigures(bool Settled, ResidentFigures? Resident, LatencyFigures? Latency, IdleFigures? Idle)
{
    /// <summary>As one line. Written by hand: a serializer would take longer to start than a quick round takes.</summary>
    public string ToJson()
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream))
        {
            json.WriteStartObject();
            json.WriteBoolean("settled", Settled);
            if (Resident is not null)
                Write(json, Resident);
            if (Latency is not null)
                Write(json, Latency);
            if (Idle is not null)
                Write(json, Idle);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }

    /// <exception cref="JsonException">The text is not of this form.</exception>
    public static ChildFigures Parse(string text)
    {
        using JsonDocument document = JsonDocument.Parse(text);
        JsonElement root = document.RootElement;
        return new ChildFigures(
            root.GetProperty("settled").GetBoolean(),
            root.TryGetProperty("resident", out JsonElement resident)
                ? new ResidentFigures(resident.GetProperty("baseline").GetInt64(), resident.GetProperty("peak").GetInt64())
                : null,
            root.TryGetProperty("latency", out JsonElement latency) ? LatencyOf(latency) : null,
            root.TryGetProperty("idle", out JsonElement idle) ? IdleOf(idle) : null);
    }

    private static void Write(Utf8JsonWriter json, ResidentFigures resident)
    {
        json.WriteStartObject("resident");
        json.WriteNumber("baseline", resident.BaselineBytes);
        json.WriteNumber("peak", resident.PeakBytes);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, LatencyFigures latency)
    {
        json.WriteStartObject("latency");
        json.WriteNumber("p50", latency.P50);
        json.WriteNumber("p99", latency.P99);
        json.WriteNumber("p999", latency.P999);
        json.WriteNumber("max", latency.Max);
        json.WriteNumber("samples", latency.Samples);
        json.WriteNumber("timer", latency.TimerNs);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, IdleFigures idle)
    {
        json.WriteStartObject("idle");
        json.WriteNumber("end", idle.EndBytes);
        json.WriteNumber("remaining", idle.RemainingShare);
        json.WriteNumber("first", idle.FirstNs);
        json.WriteStartArray("timeline");
        foreach (ResidentPoint point in idle.Timeline)
        {
            json.WriteNumberValue(point.Milliseconds);
            json.WriteNumberValue(point.Bytes);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static LatencyFigures LatencyOf(JsonElement latency) => new(
        latency.GetProperty("p50").GetInt64(),
        latency.GetProperty("p99").GetInt64(),
        latency.GetProperty("p999").GetInt64(),
        latency.GetProperty("max").GetInt64(),
        latency.GetProperty("samples").GetInt64(),
        latency.GetProperty("timer").GetDouble());

    private static IdleFigures IdleOf(JsonElement idle)
    {
        JsonElement[] numbers = [.. idle.GetProperty("timeline").EnumerateArray()];
        return new IdleFigures(
            idle.GetProperty("end").GetInt64(),
            idle.GetProperty("remaining").GetDouble(),
            idle.GetProperty("first").GetDouble(),
            [.. numbers.Chunk(2).Select(pair => new ResidentPoint(pair[0].GetDouble(), pair[1].GetInt64()))]);
    }
}
