namespace MagAlloc.Magazines;

/// <summary>This thread's <see cref="LastUse"/>, one for each kind of source. Apart from <see cref="CacheSlot{TSource}"/>, which stays alone in its block.</summary>
/// <typeparam name="TSource">The source whose engines share it.</typeparam>
internal static class LastUseSlot<TSource>
    where TSource : struct, IMagazineSource
{
    [ThreadStatic]
    private static LastUse? t_current;

    public static LastUse Current => t_current ??= new LastUse();
}
