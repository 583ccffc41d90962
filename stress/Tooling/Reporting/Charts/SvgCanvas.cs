using System.Globalization;
using System.Text;
using System.Xml;
using MagAlloc.Tooling.Reporting.Html;

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
    private readonly StringBuilder _text = new();
    private readonly XmlWriter _xml;
    private readonly string _namespace;

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

    /// <summary>A picture that can be a file of its own.</summary>
    public static SvgCanvas Alone(double width, double height, string title)
    {
        SvgCanvas canvas = new(width, height, title, Namespace);
        canvas._xml.WriteElementString("style", Namespace, Palette.ForPicture);
        canvas.Rectangle(0, 0, width, height, "ground");
        return canvas;
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

    /// <summary>A rectangle of classes of the style sheet; its hint shows under the pointer.</summary>
    public void Rectangle(double x, double y, double width, double height, string style, string? hint = null) =>
        Element("rect", style, hint, ("x", Number(x)), ("y", Number(y)), ("width", Number(width)), ("height", Number(height)));

    /// <summary>A line or area of straight pieces.</summary>
    public void Path(IEnumerable<(double X, double Y)> points, bool closed, string style, string? hint = null) =>
        Element("path", style, hint, ("d", $"M{string.Join('L', points.Select(p => $"{Number(p.X)} {Number(p.Y)}"))}{(closed ? "Z" : string.Empty)}"));

    public void Line(double x1, double y1, double x2, double y2, string style) =>
        Element("line", style, null, ("x1", Number(x1)), ("y1", Number(y1)), ("x2", Number(x2)), ("y2", Number(y2)));

    public void Dot(double x, double y, double radius, string style, string? hint = null) =>
        Element("circle", style, hint, ("cx", Number(x)), ("cy", Number(y)), ("r", Number(radius)));

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

    private void Element(string name, string style, string? hint, params IEnumerable<(string Name, string Value)> attributes)
    {
        _xml.WriteStartElement(name, _namespace);
        foreach ((string attribute, string value) in attributes)
            Attribute(attribute, value);
        Attribute("class", style);
        if (hint is not null)
            _xml.WriteElementString("title", _namespace, Printable(hint));
        _xml.WriteEndElement();
    }

    private void Attribute(string name, string value) => _xml.WriteAttributeString(name, Printable(value));
}
