using System.Globalization;
using System.Text;
using System.Xml;

namespace MagAlloc.Tooling.Reporting.Charts;

/// <summary>
/// Writes one SVG picture. Colours of text, lines and ground come from a style sheet that follows the reader's light or dark scheme: its
/// own, or that of the page it is a part of. No font, script or other file is referred to.
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
    private readonly string _namespace;

    /// <summary>A picture that can be a file of its own.</summary>
    public SvgCanvas(double width, double height, string title)
        : this(width, height, title, Namespace)
    {
        _xml.WriteElementString("style", _namespace, Style.ReplaceLineEndings("\n"));
        Rectangle(0, 0, width, height, "ground");
    }

    private SvgCanvas(double width, double height, string title, string xmlNamespace)
    {
        _namespace = xmlNamespace;
        _xml = XmlWriter.Create(_text, new XmlWriterSettings { OmitXmlDeclaration = true, Indent = true, IndentChars = " ", NewLineChars = "\n" });
        _xml.WriteStartElement("svg", _namespace);
        Attribute("viewBox", $"0 0 {Number(width)} {Number(height)}");
        Attribute("width", Number(width));
        Attribute("height", Number(height));
        Attribute("role", "img");
        _xml.WriteElementString("title", _namespace, Printable(title));
    }

    /// <summary>
    /// A picture within an HTML page, whose style sheet it uses. It needs no name space, and a page without addresses is seen at a glance
    /// to fetch nothing.
    /// </summary>
    public static SvgCanvas InPage(double width, double height, string title, string description)
    {
        SvgCanvas canvas = new(width, height, title, xmlNamespace: string.Empty);
        canvas._xml.WriteElementString("desc", Printable(description));
        return canvas;
    }

    public static double WidthOf(string text) => text.Length * CharacterWidth;

    /// <summary>A rectangle of a class of the style sheet.</summary>
    public void Rectangle(double x, double y, double width, double height, string style)
    {
        StartBox(x, y, width, height);
        Attribute("class", style);
        _xml.WriteEndElement();
    }

    /// <summary>A rectangle of a class of the style sheet; its hint shows under the pointer.</summary>
    public void Rectangle(double x, double y, double width, double height, string style, string hint)
    {
        StartBox(x, y, width, height);
        Attribute("class", style);
        End(hint);
    }

    /// <summary>A line or area of straight pieces, of a class of the style sheet.</summary>
    public void Path(IEnumerable<(double X, double Y)> points, bool closed, string style)
    {
        _xml.WriteStartElement("path", _namespace);
        Attribute("d", $"M{string.Join('L', points.Select(p => $"{Number(p.X)} {Number(p.Y)}"))}{(closed ? "Z" : string.Empty)}");
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
        _xml.WriteStartElement("line", _namespace);
        Attribute("x1", Number(x1));
        Attribute("y1", Number(y1));
        Attribute("x2", Number(x2));
        Attribute("y2", Number(y2));
        Attribute("class", style);
        _xml.WriteEndElement();
    }

    public void Polyline(IEnumerable<(double X, double Y)> points, string colour, double width, string hint)
    {
        _xml.WriteStartElement("polyline", _namespace);
        Attribute("points", string.Join(' ', points.Select(p => $"{Number(p.X)},{Number(p.Y)}")));
        Attribute("fill", "none");
        Attribute("stroke", colour);
        Attribute("stroke-width", Number(width));
        Attribute("stroke-linejoin", "round");
        End(hint);
    }

    public void Dot(double x, double y, double radius, string colour, string hint)
    {
        _xml.WriteStartElement("circle", _namespace);
        Attribute("cx", Number(x));
        Attribute("cy", Number(y));
        Attribute("r", Number(radius));
        Attribute("fill", colour);
        End(hint);
    }

    /// <summary>A dot of a class of the style sheet.</summary>
    public void Dot(double x, double y, double radius, string style)
    {
        _xml.WriteStartElement("circle", _namespace);
        Attribute("cx", Number(x));
        Attribute("cy", Number(y));
        Attribute("r", Number(radius));
        Attribute("class", style);
        _xml.WriteEndElement();
    }

    /// <param name="x">Where the text is anchored.</param>
    /// <param name="y">Its base line.</param>
    /// <param name="text">Any text.</param>
    /// <param name="style">Classes beside that of all text.</param>
    /// <param name="anchor">start, middle or end.</param>
    public void Text(double x, double y, string text, string style = "", string anchor = "start")
    {
        _xml.WriteStartElement("text", _namespace);
        Attribute("x", Number(x));
        Attribute("y", Number(y));
        Attribute("class", $"text {style}".TrimEnd());
        if (anchor != "start")
            Attribute("text-anchor", anchor);
        _xml.WriteString(Printable(text));
        _xml.WriteEndElement();
    }

    /// <summary>Ends the picture and returns it.</summary>
    public string Finish()
    {
        _xml.WriteEndElement();
        _xml.Flush();
        return _text.Append('\n').ToString();
    }

    /// <summary>Names come from other programs, and may have in them what no document may.</summary>
    private static string Printable(string text)
    {
        StringBuilder? clean = null;
        for (int i = 0; i < text.Length; i++)
        {
            bool isPair = i + 1 < text.Length && XmlConvert.IsXmlSurrogatePair(text[i + 1], text[i]);
            if (isPair)
                i++;
            else if (!XmlConvert.IsXmlChar(text[i]))
                (clean ??= new StringBuilder(text))[i] = '\uFFFD';
        }

        return clean?.ToString() ?? text;
    }

    private static string Number(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);

    private void StartBox(double x, double y, double width, double height)
    {
        _xml.WriteStartElement("rect", _namespace);
        Attribute("x", Number(x));
        Attribute("y", Number(y));
        Attribute("width", Number(width));
        Attribute("height", Number(height));
    }

    private void Attribute(string name, string value) => _xml.WriteAttributeString(name, Printable(value));

    private void End(string hint)
    {
        _xml.WriteElementString("title", _namespace, Printable(hint));
        _xml.WriteEndElement();
    }
}
