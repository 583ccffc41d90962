using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace MagAlloc.Bench.Contenders;

/// <summary>
/// Addresses of the malloc family in a native allocator. The names are a prefix and the C library's ("mi_malloc"), which holds
/// for all of them; some have no prefix and take the C library's place when they are preloaded, which these are not.
/// </summary>
internal sealed class NativeExports
{
    private const string CLibrary = "libc.so.6";

    private NativeExports(nint library, string prefix)
    {
        Malloc = Export(library, prefix + "malloc");
        Calloc = Export(library, prefix + "calloc");
        Realloc = Export(library, prefix + "realloc");
        Free = Export(library, prefix + "free");

        // Of the functions for aligned blocks these two let the ordinary free take their blocks back in every library, and take
        // sizes that are no multiple of the alignment. The first returns its block in a register, so it is preferred.
        Memalign = OptionalExport(library, prefix + "memalign");
        PosixMemalign = Memalign == 0 ? Export(library, prefix + "posix_memalign") : 0;
    }

    public nint Malloc { get; }

    public nint Calloc { get; }

    public nint Realloc { get; }

    public nint Free { get; }

    /// <summary>0 when the library has none; then it has <see cref="PosixMemalign"/>.</summary>
    public nint Memalign { get; }

    /// <summary>0 when <see cref="Memalign"/> stands for it.</summary>
    public nint PosixMemalign { get; }

    /// <summary>Loads a library for the rest of the process: its thread destructors must stay mapped.</summary>
    /// <param name="file">A path, or a name that the loader looks for.</param>
    /// <param name="prefix">Before the C library's names.</param>
    /// <param name="exports">Null when it failed.</param>
    /// <param name="failure">Why it failed, else null.</param>
    public static bool TryLoad(
        string file,
        string prefix,
        [NotNullWhen(true)] out NativeExports? exports,
        [NotNullWhen(false)] out LoadFailure? failure)
    {
        exports = null;
        failure = null;
        try
        {
            exports = new NativeExports(NativeLibrary.Load(file), prefix);
            return true;
        }
        catch (EntryPointNotFoundException e)
        {
            failure = new LoadFailure(LoadFailureKind.NoExport, e.Message);
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            bool tls = e.Message.Contains("static TLS", StringComparison.Ordinal);
            failure = new LoadFailure(tls ? LoadFailureKind.NoStaticTls : LoadFailureKind.NotLoadable, LoadersWords(e.Message, file));
        }

        return false;
    }

    private static nint Export(nint library, string name) =>
        OptionalExport(library, name) is var address and not 0 ? address : throw new EntryPointNotFoundException(name);

    private static nint OptionalExport(nint library, string name) =>
        NativeLibrary.TryGetExport(library, name, out nint address) && !IsBorrowed(library, name, address) ? address : 0;

    // The loader also looks in the libraries that a library was linked with. So without a prefix every library has a malloc:
    // that of the process.
    private static bool IsBorrowed(nint library, string name, nint address) =>
        NativeLibrary.TryGetExport(NativeLibrary.GetMainProgramHandle(), name, out nint own)
        && own == address
        && !(NativeLibrary.TryLoad(CLibrary, out nint libc) && libc == library);

    // The runtime's message has a line for each spelling of the name that it tried, after some lines of advice.
    private static string LoadersWords(string message, string file) =>
        Array.Find(
            message.Split('\n', StringSplitOptions.TrimEntries),
            line => line.StartsWith(file + ":", StringComparison.Ordinal)) is { } line
            ? line[(file.Length + 1)..].TrimStart()
            : "no such library";
}
