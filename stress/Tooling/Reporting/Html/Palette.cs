using System.Text.RegularExpressions;

namespace MagAlloc.Tooling.Reporting.Html;

/// <summary>
/// The one palette of all pages and pictures, for a light and a dark ground. What is drawn names a colour by its number: sN strokes, fN fills, bN is the
/// swatch in a legend. Each of the first eight is told from the others, and the later ones from their neighbours.
/// </summary>
internal static partial class Palette
{
    /// <summary>How many colours have a number, from 1.</summary>
    public const int Count = 18;

    private const string Shapes = """
        .ground{fill:var(--card)}.text{fill:var(--text);font:12px system-ui,-apple-system,"Segoe UI","DejaVu Sans",sans-serif}
        .small{font-size:11px}.faint{fill:var(--faint)}.strong{font-weight:600}.title{font-size:15px;font-weight:600}
        .grid{stroke:var(--grid);stroke-width:1}.axis{stroke:var(--faint);stroke-width:1}.band{fill:var(--ground)}
        .line{fill:none;stroke-width:1.8;stroke-linejoin:round;stroke-linecap:round}.thick{stroke-width:3}.area{fill-opacity:.14}.stack{fill-opacity:.75}
        .stem{stroke-width:1.5;stroke-opacity:.6}.mark{stroke-width:1.2;stroke-dasharray:4 3}
        """;

    private static readonly (string Name, string Light, string Dark)[] s_colours =
    [
        ("text", "#1f2328", "#e6edf3"), ("faint", "#59636e", "#9198a1"), ("ground", "#f6f7f9", "#0d1117"), ("card", "#fff", "#151b23"),
        ("line", "#d9dee4", "#30363d"), ("grid", "#e8ebef", "#242b33"),
        ("good", "#2b8a3e", "#5ccb72"), ("info", "#4c63d2", "#8294f5"), ("warning", "#b7860b", "#e3b341"), ("error", "#c92a2a", "#ff7b72"),
        ("c1", "#4c63d2", "#8294f5"), ("c2", "#d9480f", "#ff8a50"), ("c3", "#2b8a3e", "#5ccb72"), ("c4", "#b7860b", "#e3b341"),
        ("c5", "#0b7285", "#3bc9db"), ("c6", "#b02a5b", "#f06595"), ("c7", "#7b3fc4", "#b68cf5"), ("c8", "#6b7580", "#959da6"),
        ("c9", "#8d6748", "#c49a6c"), ("c10", "#1c7ed6", "#4dabf7"), ("c11", "#5c940d", "#a9e34b"), ("c12", "#d6336c", "#faa2c1"),
        ("c13", "#9c36b5", "#e599f7"), ("c14", "#087f5b", "#63e6be"), ("c15", "#c92a2a", "#ff8787"), ("c16", "#364fc7", "#91a7ff"),
        ("c17", "#846a00", "#d8c25a"), ("c18", "#0c8599", "#99e9f2"),
    ];

    private static readonly string s_rules =
        Shapes.ReplaceLineEndings("\n") + "\n" + Numbered("s", "stroke") + Numbered("f", "fill");

    /// <summary>For a page: all colours by name, in the scheme of the reader, and what pictures use.</summary>
    public static string ForPage { get; } =
        $":root{{color-scheme:light dark;{Named(dark: false)}}}\n@media(prefers-color-scheme:dark){{:root{{{Named(dark: true)}}}}}\n{s_rules}{Numbered("b", "background")}";

    /// <summary>For a picture that is a file of its own. Not every program that shows one knows variables: the rules are there twice, with colours.</summary>
    public static string ForPicture { get; } = $"{Resolved(dark: false)}@media(prefers-color-scheme:dark){{{Resolved(dark: true)}}}\n";

    private static string Named(bool dark) => string.Concat(s_colours.Select(colour => $"--{colour.Name}:{(dark ? colour.Dark : colour.Light)};"));

    private static string Numbered(string prefix, string property) =>
        string.Concat(Enumerable.Range(1, Count).Select(n => $".{prefix}{n}{{{property}:var(--c{n})}}")) + "\n";

    private static string Resolved(bool dark) => Variable().Replace(
        s_rules,
        match =>
        {
            (_, string light, string other) = s_colours.First(colour => colour.Name == match.Groups[1].Value);
            return dark ? other : light;
        });

    [GeneratedRegex(@"var\(--(\w+)\)")]
    private static partial Regex Variable();
}
