using MagAlloc.Events;

namespace MagAlloc.Diagnostics;

/// <summary>A row of the table of instruments.</summary>
/// <param name="Name">Of the instrument.</param>
/// <param name="Kind">How its values go together.</param>
/// <param name="Unit">In the notation of UCUM.</param>
/// <param name="Description">A sentence.</param>
/// <param name="PartTag">What tells the values of one owner apart; null where each has one.</param>
/// <param name="Read">The values of an owner, nothing of one that has ended.</param>
internal sealed record InstrumentOfOwners(
    string Name, InstrumentKind Kind, string Unit, string Description, string? PartTag, Func<IEventOwner, IEnumerable<(object? Part, long Value)>> Read);
