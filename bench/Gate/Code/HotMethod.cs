using System.Reflection;

namespace MagAlloc.Bench.Gate.Code;

/// <summary>A method whose machine code is watched.</summary>
/// <param name="Name">Stable name, part of the entries' names.</param>
/// <param name="Method">The method; of a generic type an instance that runs code of its own.</param>
/// <param name="ListedAs">How its line in the JIT's listing begins.</param>
internal sealed record HotMethod(string Name, MethodInfo Method, string ListedAs);
