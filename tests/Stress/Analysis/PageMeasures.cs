namespace MagAlloc.Tests.Stress.Analysis;

/// <summary>What a browser made of a page.</summary>
/// <param name="Overflow">Pixels by which the page is wider than the window.</param>
/// <param name="Charts">Pictures in figures.</param>
/// <param name="Flat">Those without height or content.</param>
/// <param name="Unnamed">Those without a name for a reader who cannot see them.</param>
/// <param name="Clipped">Texts that reach out of their picture.</param>
/// <param name="Contrast">The lowest of any text on its ground, as WCAG computes it.</param>
/// <param name="Ground">Luminance of the page's ground, 0 to 1.</param>
internal sealed record PageMeasures(double Overflow, int Charts, int Flat, int Unnamed, string[] Clipped, double Contrast, double Ground);
