using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace MagAlloc.Interleaving.Exploration;

/// <summary>Claims inside a scenario: cheap, because they are checked hundreds of thousands of times.</summary>
internal static class Must
{
    public static void Hold(
        [DoesNotReturnIf(false)] bool condition, [CallerArgumentExpression(nameof(condition))] string? claim = null)
    {
        if (!condition)
        {
            throw new InterleavingException(claim!);
        }
    }

    public static void Be(long actual, long expected, [CallerArgumentExpression(nameof(actual))] string? what = null)
    {
        if (actual != expected)
        {
            throw new InterleavingException($"{what} is {actual}, must be {expected}");
        }
    }
}
