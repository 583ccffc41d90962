namespace MagAlloc.Stress.Commands;

/// <summary>The program's exit codes.</summary>
internal static class ExitCode
{
    public const int Pass = 0;
    public const int IntegrityFailure = 1;
    public const int Usage = 2;
}
