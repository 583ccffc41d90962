using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace MagAlloc.Tests.Stress.Analysis;

/// <summary>
/// A real browser, without a window. It lays a copy of a page out, and a script that the test puts into that copy measures what a reader
/// would see. Tests are skipped, and say so, where Debian's chromium is not installed.
/// </summary>
internal static partial class Chromium
{
    private static readonly string[] s_places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(1);

    private const string Measure = """
        <script>
        addEventListener('load', () => {
          const parts = colour => colour.match(/[\d.]+/g).map(Number);
          const luminance = colour => parts(colour).slice(0, 3)
            .map(v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
            .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
          const contrast = (a, b) => (Math.max(luminance(a), luminance(b)) + .05) / (Math.min(luminance(a), luminance(b)) + .05);
          const css = (element, name) => getComputedStyle(element)[name];
          const charts = [...document.querySelectorAll('figure svg')];
          const outside = chart => {
            const box = chart.getBoundingClientRect();
            return [...chart.querySelectorAll('text')].filter(text => {
              const own = text.getBoundingClientRect();
              return own.left < box.left - 1 || own.right > box.right + 1 || own.top < box.top - 1 || own.bottom > box.bottom + 1;
            }).map(text => text.textContent);
          };
          const card = css(document.querySelector('figure'), 'backgroundColor');
          const found = {
            overflow: document.documentElement.scrollWidth - innerWidth,
            charts: charts.length,
            flat: charts.filter(chart => chart.getBoundingClientRect().height < 15 || !chart.querySelector('path,rect,line')).length,
            unnamed: charts.filter(chart => !chart.querySelector(':scope > title')?.textContent || chart.getAttribute('role') !== 'img').length,
            clipped: charts.flatMap(outside),
            contrast: Math.min(
              contrast(css(document.body, 'color'), css(document.body, 'backgroundColor')),
              contrast(css(document.body, 'color'), card),
              ...[...document.querySelectorAll('svg .text')].map(text => contrast(css(text, 'fill'), card)),
              ...[...document.querySelectorAll('figcaption small,.card dt,.note,th')].map(text => contrast(css(text, 'color'), card))),
            ground: luminance(css(document.body, 'backgroundColor')),
          };
          const place = document.createElement('pre');
          place.id = 'measured';
          place.textContent = JSON.stringify(found);
          document.body.append(place);
        });
        </script>
        """;

    /// <summary>Lays a page out and measures it.</summary>
    /// <param name="page">Path of an HTML file.</param>
    /// <param name="width">Of the window.</param>
    /// <param name="dark">Whether the reader prefers a dark ground.</param>
    public static PageMeasures Show(string page, int width, bool dark)
    {
        string folder = Directory.CreateTempSubdirectory("stress-chromium-").FullName;
        try
        {
            string copy = Path.Combine(folder, "page.html");
            File.WriteAllText(copy, File.ReadAllText(page).Replace("</head>", $"{Measure}</head>", StringComparison.Ordinal));
            string dom = Run(
            [
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
                "--disable-component-update", "--disable-sync", $"--user-data-dir={Path.Combine(folder, "profile")}", $"--window-size={width},1600",
                .. dark ? ["--force-dark-mode", "--blink-settings=preferredColorScheme=0"] : Array.Empty<string>(), "--dump-dom", $"file://{copy}",
            ]);
            Match measured = Measured().Match(dom);
            Assert.That(measured.Success, Is.True, "the browser ran the page's script to its end");
            return JsonSerializer.Deserialize<PageMeasures>(System.Net.WebUtility.HtmlDecode(measured.Groups[1].Value), JsonSerializerOptions.Web)!;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string Run(string[] arguments)
    {
        string? program = Array.Find(s_places, File.Exists);

        // What a page looks like only a browser can say; what is in it other tests check without. CI installs one.
        if (program is null)
            Assert.Ignore($"no browser to look at the page with: none of {string.Join(", ", s_places)} is there; install Debian's chromium");
        ProcessStartInfo start = new(program!) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(s_limit))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"the browser did not end within {s_limit.TotalSeconds:0} s: {error.Result}");
        }

        return output.Result;
    }

    [GeneratedRegex("<pre id=\"measured\">(.*?)</pre>")]
    private static partial Regex Measured();
}
