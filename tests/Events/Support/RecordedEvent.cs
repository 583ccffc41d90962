using System.Globalization;

namespace MagAlloc.Tests.Events.Support;

/// <summary>An event as a listener got it.</summary>
internal sealed record RecordedEvent(int Id, string Name, IReadOnlyDictionary<string, object?> Payload, int ThreadId, int Order)
{
    public long this[string field] => Convert.ToInt64(Payload[field], CultureInfo.InvariantCulture);

    /// <summary>The owner, or 0 of events that have none.</summary>
    public long Owner => Payload.ContainsKey("owner") ? this["owner"] : 0;

    public string Text(string field) => (string)Payload[field]!;
}
