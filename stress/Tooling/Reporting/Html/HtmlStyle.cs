namespace MagAlloc.Tooling.Reporting.Html;

/// <summary>
/// The one style sheet of all pages, with the rules of pictures and all colours of <see cref="Palette"/>.
/// </summary>
internal static class HtmlStyle
{
    public static string Sheet { get; } = $$$"""
        {{{Palette.ForPage}}}
        *{box-sizing:border-box}
        body{font:15px/1.5 system-ui,-apple-system,"Segoe UI","DejaVu Sans",sans-serif;color:var(--text);background:var(--ground);
        max-width:1100px;margin:0 auto;padding:1.6rem 1.2rem 3rem}
        h1{font-size:1.6rem;line-height:1.25;margin:0;overflow-wrap:anywhere}header p{color:var(--faint);margin:.2rem 0 1.2rem;overflow-wrap:anywhere}
        h2{font-size:1.2rem;margin:2.4rem 0 .5rem}.lead,footer{color:var(--faint);margin:.2rem 0 .8rem;max-width:80ch}
        footer{margin-top:3rem;font-size:13px;border-top:1px solid var(--line);padding-top:.8rem}
        .cards{display:flex;flex-wrap:wrap;gap:.7rem;margin:0}
        .card{flex:1 1 118px;max-width:260px;background:var(--card);border:1px solid var(--line);border-radius:8px;padding:.6rem .8rem;border-top:3px solid var(--line)}
        .card dt{color:var(--faint);font-size:13px}.card dd{margin:0;font-size:1.3rem;font-weight:600;font-variant-numeric:tabular-nums}
        .card dd.note{font-size:12.5px;font-weight:400;color:var(--faint)}
        .card.good{border-top-color:var(--good)}.card.info{border-top-color:var(--info)}
        .card.warning{border-top-color:var(--warning)}.card.error{border-top-color:var(--error)}
        .notices{list-style:none;margin:.6rem 0;padding:0;display:grid;gap:.5rem}
        .notices li{background:var(--card);border:1px solid var(--line);border-left:4px solid var(--faint);border-radius:6px;padding:.5rem .8rem}
        .notices b{font-size:12px;letter-spacing:.03em;text-transform:uppercase;margin-right:.4rem}
        .notices .good{border-left-color:var(--good)}.notices .good b{color:var(--good)}
        .notices .info{border-left-color:var(--info)}.notices .info b{color:var(--info)}
        .notices .warning{border-left-color:var(--warning)}.notices .warning b{color:var(--warning)}
        .notices .error{border-left-color:var(--error)}.notices .error b{color:var(--error)}
        figure{margin:.8rem 0;background:var(--card);border:1px solid var(--line);border-radius:8px;padding:.8rem .9rem .5rem}
        figcaption{margin-bottom:.4rem;line-height:1.7}figcaption b{margin-right:1rem}figcaption small{display:block;color:var(--faint);line-height:1.4}
        .key{display:inline-block;white-space:nowrap;font-size:13px;margin-right:1rem}
        .key i{display:inline-block;width:11px;height:11px;border-radius:3px;margin-right:.35rem;vertical-align:-1px}
        .scroll{overflow-x:auto}figure svg{display:block;width:100%;min-width:640px;height:auto}
        .hint{fill:transparent}.hint:hover{fill:var(--faint);fill-opacity:.16}
        .frame{stroke:var(--card);stroke-width:1;fill-opacity:.32}.frame:hover{fill-opacity:.6}.label{pointer-events:none}
        table{border-collapse:collapse;font-size:12.5px;font-variant-numeric:tabular-nums;min-width:50%;background:var(--card)}
        .scroll:has(>table){border:1px solid var(--line);border-radius:8px;width:fit-content;max-width:100%}
        th,td{padding:.3rem .5rem;text-align:right;border-bottom:1px solid var(--grid);white-space:nowrap}
        th{color:var(--faint);font-weight:600}th:first-child,td:first-child{text-align:left}tbody tr:last-child td{border-bottom:0}
        code{font:12.5px ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace}
        .stacks details{background:var(--card);border:1px solid var(--line);border-radius:6px;margin:.35rem 0;padding:.35rem .7rem}
        .stacks summary{cursor:pointer;display:flex;align-items:center;gap:.7rem;overflow:hidden}
        .stacks summary code{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
        .bar{flex:0 0 110px;height:9px;border-radius:5px;background:var(--grid);overflow:hidden}
        .bar i{display:block;height:100%;background:var(--c2);border-radius:5px}
        .share,.amount{flex:0 0 auto;min-width:4.2em;text-align:right;font-variant-numeric:tabular-nums;font-size:13px;white-space:nowrap}
        .amount{color:var(--faint);min-width:12em}
        .stacks ol{margin:.4rem 0 .3rem;padding-left:2.2rem;color:var(--faint);font-size:12px}.stacks li code{color:var(--text);overflow-wrap:anywhere}
        .folded{margin:.6rem 0}.folded>summary{cursor:pointer;color:var(--faint);font-size:13px;margin-bottom:.4rem}
        @media print{body{max-width:none;background:#fff}figure,.card,.notices li{break-inside:avoid}}
        """;
}
