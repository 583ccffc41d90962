namespace MagAlloc.Stress.InitSweep;

/// <summary>
/// Another one of what a scenario makes, with the same name and kind: for events and instruments the two are one series, and the end of one asks
/// after the other.
/// </summary>
/// <param name="owner">The component.</param>
/// <param name="use">Works it, and throws when it does not work or its books do not balance.</param>
internal sealed class Twin(IDisposable owner, Action use) : IDisposable
{
    public void Use() => use();

    public void Dispose() => owner.Dispose();
}
