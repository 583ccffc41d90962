namespace MagAlloc.Tooling.Commands;

/// <summary>Exit codes of all programs.</summary>
internal static class ExitCode
{
    public const int Pass = 0;
    public const int Failure = 1;
    public const int Usage = 2;
}
