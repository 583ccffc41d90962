using MagAlloc.Tooling.Commands;

namespace MagAlloc.Bench.Contenders;

/// <summary>A contender named on the command line. Its text is what the command line takes, for passing it on to a child process.</summary>
internal interface IPeerSpec
{
    /// <summary>The contender's name, in kebab case.</summary>
    string Name { get; }

    /// <summary>The option that it came by.</summary>
    string Option { get; }

    /// <summary>Its entry. It is loaded here and now: a wrong path shall not come out in the middle of a run.</summary>
    /// <exception cref="UsageException">It cannot be used.</exception>
    ContenderEntry Entry();
}
