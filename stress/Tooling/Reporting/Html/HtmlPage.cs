using System.Globalization;
using System.Net;
using System.Text;
using MagAlloc.Tooling.Reporting.Charts;

namespace MagAlloc.Tooling.Reporting.Html;

/// <summary>
/// One HTML page, complete in itself: charts and style are in it, nothing is fetched, no script runs. All text given to it is encoded.
/// </summary>
internal sealed class HtmlPage
{
    private readonly StringBuilder _html = new();

    /// <param name="title">Of the page.</param>
    /// <param name="subtitle">A line below it.</param>
    public HtmlPage(string title, string subtitle)
    {
        _html.Append("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
        _html.Append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
        _html.Append($"<title>{Encoded(title)}</title>\n<style>\n{HtmlStyle.Sheet.ReplaceLineEndings("\n")}\n</style>\n</head>\n<body>\n");
        _html.Append($"<header>\n<h1>{Encoded(title)}</h1>\n<p>{Encoded(subtitle)}</p>\n</header>\n<main>\n");
    }

    /// <summary>Begins a part of the page.</summary>
    public void Heading(string text, string lead = "")
    {
        _html.Append($"<h2>{Encoded(text)}</h2>\n");
        if (lead.Length != 0)
            _html.Append($"<p class=\"lead\">{Encoded(lead)}</p>\n");
    }

    /// <summary>The figures that are looked at first.</summary>
    public void Cards(IEnumerable<HtmlCard> cards)
    {
        _html.Append("<dl class=\"cards\">\n");
        foreach (HtmlCard card in cards)
        {
            string style = card.Tone == Tone.Neutral ? "card" : $"card {ClassOf(card.Tone)}";
            _html.Append($"<div class=\"{style}\"><dt>{Encoded(card.Name)}</dt><dd>{Encoded(card.Value)}</dd>");
            _html.Append(card.Note.Length == 0 ? string.Empty : $"<dd class=\"note\">{Encoded(card.Note)}</dd>").Append("</div>\n");
        }

        _html.Append("</dl>\n");
    }

    /// <summary>Sentences that ask for attention, each with a word that says how much.</summary>
    public void Notices(IEnumerable<(Tone Tone, string Word, string Text)> notices)
    {
        _html.Append("<ul class=\"notices\">\n");
        foreach ((Tone tone, string word, string text) in notices)
            _html.Append($"<li class=\"{ClassOf(tone)}\"><b>{Encoded(word)}</b> {Encoded(text)}</li>\n");
        _html.Append("</ul>\n");
    }

    /// <param name="title">Above the picture.</param>
    /// <param name="legend">Names and numbers of their colours.</param>
    /// <param name="svg">A finished picture.</param>
    /// <param name="note">What the reader should know about it.</param>
    public void Figure(string title, IEnumerable<(string Name, int Colour)> legend, string svg, string note = "")
    {
        _html.Append($"<figure>\n<figcaption><b>{Encoded(title)}</b>");
        foreach ((string name, int colour) in legend)
            _html.Append($"<span class=\"key\"><i class=\"b{colour}\"></i>{Encoded(name)}</span>");
        if (note.Length != 0)
            _html.Append($"<small>{Encoded(note)}</small>");
        _html.Append($"</figcaption>\n<div class=\"scroll\">{svg}</div>\n</figure>\n");
    }

    /// <summary>Quantities over time, with their legend.</summary>
    public void TimeFigure(string title, double seconds, AxisUnit unit, IReadOnlyList<TimeSeries> series, double height, string note = "") => Figure(
        title,
        series.Select(one => ($"{one.Name}, at most {unit.Describe(one.Largest)}", one.Colour)),
        new TimeChart(title, seconds, unit, series) { PlotHeight = height }.Draw(),
        note);

    /// <param name="headers">Of the columns; the first is a name, the others are right-aligned.</param>
    /// <param name="rows">As many cells each as there are headers.</param>
    public void Table(IReadOnlyList<string> headers, IEnumerable<IReadOnlyList<string>> rows)
    {
        _html.Append("<div class=\"scroll\"><table>\n<thead>");
        Row(headers, "th scope=\"col\"", "th");
        _html.Append("</thead>\n<tbody>\n");
        foreach (IReadOnlyList<string> row in rows)
            Row(row, "td", "td");
        _html.Append("</tbody></table></div>\n");
    }

    /// <summary>Call stacks, the heaviest first, each with its share as a bar; opened, it shows its frames.</summary>
    public void Stacks(IReadOnlyList<HtmlStack> stacks)
    {
        _html.Append("<div class=\"stacks\">\n");
        for (int i = 0; i < stacks.Count; i++)
        {
            HtmlStack stack = stacks[i];
            string share = (100 * stack.Share).ToString("0.0", CultureInfo.InvariantCulture);
            _html.Append($"<details{(i == 0 ? " open" : string.Empty)}><summary><span class=\"bar\"><i style=\"width:{share}%\"></i></span>");
            _html.Append($"<span class=\"share\">{share} %</span><span class=\"amount\">{Encoded(stack.Amount)}</span>");
            _html.Append($"<code>{Encoded(stack.Title)}</code></summary>\n<ol>\n");
            foreach (string frame in stack.Frames)
                _html.Append($"<li><code>{Encoded(frame)}</code></li>\n");
            _html.Append("</ol></details>\n");
        }

        _html.Append("</div>\n");
    }

    public void List(IReadOnlyList<string> items)
    {
        if (items.Count == 0)
            return;
        _html.Append("<ul>\n");
        foreach (string item in items)
            _html.Append($"<li>{Encoded(item)}</li>\n");
        _html.Append("</ul>\n");
    }

    public void Paragraph(string text) => _html.Append($"<p>{Encoded(text)}</p>\n");

    /// <summary>Something that is there for those who look for it.</summary>
    public void Folded(string title, Action content)
    {
        _html.Append($"<details class=\"folded\"><summary>{Encoded(title)}</summary>\n");
        content();
        _html.Append("</details>\n");
    }

    /// <summary>Ends the page and returns it.</summary>
    public string Finish(string foot) => _html.Append($"</main>\n<footer>{Encoded(foot)}</footer>\n</body>\n</html>\n").ToString();

    private static string ClassOf(Tone tone) => tone switch
    {
        Tone.Good => "good",
        Tone.Info => "info",
        Tone.Warning => "warning",
        Tone.Error => "error",
        _ => "neutral",
    };

    private static string Encoded(string text) => WebUtility.HtmlEncode(text);

    private void Row(IReadOnlyList<string> cells, string open, string close)
    {
        _html.Append("<tr>");
        foreach (string cell in cells)
            _html.Append($"<{open}>{Encoded(cell)}</{close}>");
        _html.Append("</tr>\n");
    }
}
