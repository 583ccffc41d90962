using MagAlloc.Tool.Tracing;

namespace MagAlloc.Tool.Commands;

/// <summary>What may stand behind '--', and how it is started.</summary>
/// <param name="Description">For the help.</param>
/// <param name="Sample">A command to be shown in examples.</param>
/// <param name="Remark">What there is to know of such a command, for the help.</param>
/// <param name="Child">Checks a command; what it returns starts it in a process of its own.</param>
/// <param name="Within">The same within this process; null where that cannot be had.</param>
internal sealed record TracedPrograms(
    string Description,
    string Sample,
    string Remark,
    Func<string[], Func<ITraced>> Child,
    Func<string[], Func<ITraced>>? Within = null);
