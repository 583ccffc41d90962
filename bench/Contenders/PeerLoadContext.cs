using System.Reflection;
using System.Runtime.Loader;

namespace MagAlloc.Bench.Contenders;

/// <summary>
/// Loads a managed peer with what lies beside it: its own version of a library, where this program has another of the same name.
/// </summary>
internal sealed class PeerLoadContext(string file) : AssemblyLoadContext("managed peer")
{
    private readonly AssemblyDependencyResolver _resolver = new(file);

    protected override Assembly? Load(AssemblyName assemblyName) =>
        _resolver.ResolveAssemblyToPath(assemblyName) is { } path ? LoadFromAssemblyPath(path) : null;

    protected override nint LoadUnmanagedDll(string unmanagedDllName) =>
        _resolver.ResolveUnmanagedDllToPath(unmanagedDllName) is { } path ? LoadUnmanagedDllFromPath(path) : 0;
}
