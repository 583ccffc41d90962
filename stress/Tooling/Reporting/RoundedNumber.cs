using System.Text.Json;
using System.Text.Json.Serialization;

namespace MagAlloc.Tooling.Reporting;

/// <summary>Measured numbers in JSON: four decimals, of large ones none; what is no number is null, because JSON has no NaN.</summary>
internal sealed class RoundedNumber : JsonConverter<double>
{
    private const double Large = 10_000;

    public override double Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDouble();

    public override void Write(Utf8JsonWriter writer, double value, JsonSerializerOptions options)
    {
        if (double.IsFinite(value))
            writer.WriteNumberValue(Math.Round(value, Math.Abs(value) < Large ? 4 : 0));
        else
            writer.WriteNullValue();
    }
}
