using System.Globalization;
using System.Text;
using System.Xml;

namespace MagAlloc.Bench.Reporting.Charts;

/// <summary>
/// Writes one SVG picture. Colours of text, lines and ground come from its style sheet, which follows the reader's light or dark
/// scheme; no font, script or other file is referred to.
/// </summary>
internal sealed class SvgCanvas
{
    /// <summary>Average width of a character at the size of ordinary text, for laying out; on the safe side for most fonts.</summary>
    public const double CharacterWidth = 6.9;

    private const string Namespace = "http://www.w3.org/2000/svg";
    private const string Style = """
        .ground{fill:#ffffff}.text{fill:#24292f;font:12px system-ui,-apple-system,"Segoe UI","DejaVu Sans",sans-serif}
        .strong{font-weight:600}.title{font-size:15px;font-weight:600}.faint{fill:#57606a}.small{font-size:11px}
        .grid{stroke:#d8dee4;stroke-width:1}.axis{stroke:#57606a;stroke-width:1.5}.band{fill:#f6f8fa}
        @media(prefers-color-scheme:dark){.ground{fill:#0d1117}.text{fill:#e6edf3}.faint{fill:#9198a1}
        .grid{stroke:#30363d}.axis{stroke:#9198a1}.band{fill:#151b23}}
        """;

    private readonly StringBuilder _text = new();
    private readonly XmlWriter _xml;

    public SvgCanvas(double width, double height, string title)
    {
        _xml = XmlWriter.Create(_text, new XmlWriterSettings { OmitXmlDeclaration = true, Indent = true, IndentChars = " ", NewLineChars = "\n" });
        _xml.WriteStartElement("svg", Namespace);
        Attribute("viewBox", $"0 0 {Number(width)} {Number(height)}");
        Attribute("width", Number(width));
        Attribute("height", Number(height));
        Attribute("role", "img");
        _xml.WriteElementString("title", Namespace, title);
        _xml.WriteElementString("style", Namespace, Style.ReplaceLineEndings("\n"));
        Rectangle(0, 0, width, height, "ground");
    }

    public static double WidthOf(string text) => text.Length * CharacterWidth;

    /// <summary>A rectangle of a class of the style sheet.</summary>
    public void Rectangle(double x, double y, double width, double height, string style)
    {
        StartBox(x, y, width, height);
        Attribute("class", style);
        _xml.WriteEndElement();
    }

    /// <summary>A bar in a colour of the palette; its hint shows under the pointer.</summary>
    public void Bar(double x, double y, double width, double height, string colour, string hint)
    {
        StartBox(x, y, width, height);
        Attribute("fill", colour);
        Attribute("rx", "1.5");
        End(hint);
    }

    public void Line(double x1, double y1, double x2, double y2, string style)
    {
        _xml.WriteStartElement("line", Namespace);
        Attribute("x1", Number(x1));
        Attribute("y1", Number(y1));
        Attribute("x2", Number(x2));
        Attribute("y2", Number(y2));
        Attribute("class", style);
        _xml.WriteEndElement();
    }

    public void Polyline(IEnumerable<(double X, double Y)> points, string colour, double width, string hint)
    {
        _xml.WriteStartElement("polyline", Namespace);
        Attribute("points", string.Join(' ', points.Select(p => $"{Number(p.X)},{Number(p.Y)}")));
        Attribute("fill", "none");
        Attribute("stroke", colour);
        Attribute("stroke-width", Number(width));
        Attribute("stroke-linejoin", "round");
        End(hint);
    }

    public void Dot(double x, double y, double radius, string colour, string hint)
    {
        _xml.WriteStartElement("circle", Namespace);
        Attribute("cx", Number(x));
        Attribute("cy", Number(y));
        Attribute("r", Number(radius));
        Attribute("fill", colour);
        End(hint);
    }

    /// <param name="x">Where the text is anchored.</param>
    /// <param name="y">Its base line.</param>
    /// <param name="text">Any text.</param>
    /// <param name="style">Classes beside that of all text.</param>
    /// <param name="anchor">start, middle or end.</param>
    public void Text(double x, double y, string text, string style = "", string anchor = "start")
    {
        _xml.WriteStartElement("text", Namespace);
        Attribute("x", Number(x));
        Attribute("y", Number(y));
        Attribute("class", $"text {style}".TrimEnd());
        if (anchor != "start")
            Attribute("text-anchor", anchor);
        _xml.WriteString(text);
        _xml.WriteEndElement();
    }

    /// <summary>Ends the picture and returns it.</summary>
    public string Finish()
    {
        _xml.WriteEndElement();
        _xml.Flush();
        return _text.Append('\n').ToString();
    }

    private static string Number(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);

    private void StartBox(double x, double y, double width, double height)
    {
        _xml.WriteStartElement("rect", Namespace);
        Attribute("x", Number(x));
        Attribute("y", Number(y));
        Attribute("width", Number(width));
        Attribute("height", Number(height));
    }

    private void Attribute(string name, string value) => _xml.WriteAttributeString(name, value);

    private void End(string hint)
    {
        _xml.WriteElementString("title", Namespace, hint);
        _xml.WriteEndElement();
    }
}
