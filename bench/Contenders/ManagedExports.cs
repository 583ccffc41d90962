using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using MagAlloc.Tooling.Commands;

namespace MagAlloc.Bench.Contenders;

/// <summary>The methods of a managed peer, bound as function pointers and tried once.</summary>
internal sealed unsafe class ManagedExports
{
    private const int TrialBytes = 64;
    private const BindingFlags AnyMethod =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly;

    // All of one width or narrower: sizes and addresses pass in the same registers whatever they are called.
    private static readonly Type[] s_sizes = [typeof(nuint), typeof(nint), typeof(ulong), typeof(long), typeof(uint), typeof(int)];

    private readonly ManagedPeerSpec _spec;

    private ManagedExports(ManagedPeerSpec spec)
    {
        _spec = spec;
        Type type = FindType();
        MethodInfo allocate = Find(
            type, spec.Allocate, "takes a size and returns an address", m => Takes(m, IsSize) && IsAddress(m.ReturnType));
        MethodInfo free = Find(
            type, spec.Free, "takes an address and returns nothing", m => Takes(m, IsAddress) && m.ReturnType == typeof(void));
        MethodInfo? reallocate = spec.Reallocate is null ? null : Find(
            type,
            spec.Reallocate,
            "takes an address and a size and returns an address",
            m => Takes(m, IsAddress, IsSize) && IsAddress(m.ReturnType));
        Allocate = allocate.MethodHandle.GetFunctionPointer();
        Free = free.MethodHandle.GetFunctionPointer();
        Reallocate = reallocate?.MethodHandle.GetFunctionPointer() ?? 0;
        Tokens = [.. new[] { allocate, free }.Select(method => method.MetadataToken.ToString(CultureInfo.InvariantCulture))];
        Try();
    }

    public nint Allocate { get; }

    public nint Free { get; }

    /// <summary>0 when the peer has none.</summary>
    public nint Reallocate { get; }

    /// <summary>By which its module finds the first two again.</summary>
    public IReadOnlyList<string> Tokens { get; }

    /// <exception cref="UsageException">The peer cannot be used; the message says which part of it.</exception>
    public static ManagedExports Load(ManagedPeerSpec spec) => new(spec);

    private Type FindType()
    {
        string file = Path.GetFullPath(_spec.Path);
        if (!File.Exists(file))
        {
            throw Refusal($"there is no file {_spec.Path}");
        }

        try
        {
            Assembly assembly = new PeerLoadContext(file).LoadFromAssemblyPath(file);
            Type type = assembly.GetType(_spec.Type) ?? throw Refusal($"{_spec.Path} has no type {_spec.Type}; give it with its namespace");
            return type.ContainsGenericParameters ? throw Refusal($"{_spec.Type} is generic; give a type without parameters") : type;
        }
        catch (BadImageFormatException)
        {
            throw Refusal($"{_spec.Path} is no .NET assembly");
        }
        catch (Exception e) when (e is IOException or TypeLoadException or InvalidOperationException)
        {
            throw Refusal($"{_spec.Path} cannot be loaded: {e.Message}");
        }
    }

    private MethodInfo Find(Type type, string name, string form, Func<MethodInfo, bool> fits)
    {
        MethodInfo[] named = MethodsOf(type, name);
        if (named.Length == 0)
        {
            throw Refusal($"{_spec.Type} has no method {name}");
        }

        // Of several the one with the widest size: the order of the kinds above.
        return named
            .Where(m => m.IsStatic && !m.ContainsGenericParameters && m.GetCustomAttribute<UnmanagedCallersOnlyAttribute>() is null && fits(m))
            .MinBy(m => Array.IndexOf(s_sizes, m.GetParameters()[^1].ParameterType))
            ?? throw Refusal($"{_spec.Type}.{name} cannot be called; give a static method that {form}"
                + " (sizes: nuint, nint, ulong, long, uint or int; addresses: pointers, nint or nuint)");
    }

    private MethodInfo[] MethodsOf(Type type, string name)
    {
        try
        {
            return [.. type.GetMethods(AnyMethod).Where(m => m.Name == name)];
        }
        catch (Exception e) when (e is IOException or TypeLoadException)
        {
            throw Refusal($"{_spec.Type} cannot be loaded: {e.Message}");
        }
    }

    // What only shows in a call, such as an initialiser that fails, shall not come out in the middle of a run.
    private void Try()
    {
        string called = _spec.Allocate;
        try
        {
            ManagedSession session = new(this);
            AddressBlock block = session.Allocate(TrialBytes);
            RefuseNull(block, called);
            block.Touch();
            if (_spec.Reallocate is { } reallocate)
            {
                called = reallocate;
                block = session.Reallocate(block, 2 * TrialBytes);
                RefuseNull(block, called);
            }

            called = _spec.Free;
            session.Free(block);
        }
        catch (Exception e) when (e is not UsageException)
        {
            Exception cause = e is TypeInitializationException { InnerException: { } inner } ? inner : e;
            throw Refusal($"{_spec.Type}.{called} has thrown {cause.GetType().Name}: {cause.Message}");
        }
    }

    private void RefuseNull(AddressBlock block, string called)
    {
        if (block.IsNone)
        {
            throw Refusal($"{_spec.Type}.{called} has returned null for a block of at most {2 * TrialBytes} bytes");
        }
    }

    private UsageException Refusal(string reason) => new($"{_spec.Option} {_spec.Name}: {reason.ReplaceLineEndings(" ")}");

    private static bool Takes(MethodInfo method, params ReadOnlySpan<Func<Type, bool>> kinds)
    {
        ParameterInfo[] parameters = method.GetParameters();
        if (parameters.Length != kinds.Length)
        {
            return false;
        }

        for (int i = 0; i < kinds.Length; i++)
        {
            if (!kinds[i](parameters[i].ParameterType))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsSize(Type type) => s_sizes.Contains(type);

    private static bool IsAddress(Type type) => type.IsPointer || type == typeof(nint) || type == typeof(nuint);
}
