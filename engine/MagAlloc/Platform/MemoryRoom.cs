using System.Globalization;

namespace MagAlloc.Platform;

/// <summary>What the process can still have, and who says so.</summary>
/// <param name="Bytes">What is left; <see cref="Unbounded"/> where nobody says.</param>
/// <param name="Most">The limit in bytes that leaves it.</param>
/// <param name="Limit">The limit's name, as the system's manual has it; null: nobody says.</param>
/// <param name="Group">The control group that it is set on; null: the machine's.</param>
internal readonly record struct MemoryRoom(long Bytes, long Most, string? Limit, string? Group)
{
    /// <summary>Far above every machine, and so far below the largest number that sums with it stay numbers.</summary>
    internal const long Unbounded = long.MaxValue / 4;

    internal static MemoryRoom Unknown => new(Unbounded, Unbounded, null, null);

    internal MemoryRoom Tighter(MemoryRoom other) => other.Bytes < Bytes ? other : this;

    /// <summary>In words, for an exception's message.</summary>
    public override string ToString() => (Limit, Group) switch
    {
        (null, _) => "nothing is known of what the machine has left",
        (_, null) => string.Create(CultureInfo.InvariantCulture, $"the machine has {Bytes} of its {Most} bytes left ({Limit})"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{Limit} of the control group {Group} leaves {Bytes} of its {Most} bytes"),
    };
}
