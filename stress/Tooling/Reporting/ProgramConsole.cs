using Spectre.Console;
using Spectre.Console.Rendering;

namespace MagAlloc.Tooling.Reporting;

/// <summary>
/// What a person sees: tables and live progress on a terminal, plain lines when the output is redirected or NO_COLOR is set,
/// so that a log stays readable and can be searched.
/// </summary>
internal sealed class ProgramConsole
{
    private static readonly TimeSpan s_liveRefresh = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan s_lineInterval = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan s_lazyPoll = TimeSpan.FromMilliseconds(100);

    private readonly TextWriter _output;
    private readonly IAnsiConsole? _terminal;
    private readonly Lock _plainLine = new();

    public ProgramConsole(TextWriter output, bool interactive)
    {
        _output = output;
        if (interactive)
            _terminal = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(output) });
    }

    /// <summary>For the process's own output.</summary>
    public static ProgramConsole ForProcess()
    {
        bool plain = Console.IsOutputRedirected || !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
        return new ProgramConsole(Console.Out, !plain);
    }

    /// <summary>
    /// Rows below those of <see cref="Watch"/>: of a recording that goes on around the command whose progress is shown, because a
    /// terminal has room for one live display. Set before the command starts.
    /// </summary>
    public Func<IReadOnlyList<SummaryRow>>? Footer { get; set; }

    /// <summary>One line; any thread, also while a live display is shown (it appears above).</summary>
    public void Line(string text)
    {
        if (_terminal is null)
        {
            lock (_plainLine)
                _output.WriteLine(text);
        }
        else
        {
            _terminal.WriteLine(text);
        }
    }

    public void Heading(string text)
    {
        if (_terminal is null)
            _output.WriteLine($"== {text}");
        else
            _terminal.Write(new Rule(Markup.Escape(text)).LeftJustified());
    }

    public void Failure(string text)
    {
        if (_terminal is null)
            _output.WriteLine($"FAILURE {text}");
        else
            _terminal.MarkupLine($"[red]FAILURE[/] {Markup.Escape(text)}");
    }

    public void Verdict(bool pass, string text)
    {
        string word = pass ? "PASS" : "FAIL";
        if (_terminal is null)
            _output.WriteLine($"{word}: {text}");
        else
            _terminal.MarkupLine($"[bold {(pass ? "green" : "red")}]{word}[/]: {Markup.Escape(text)}");
    }

    public void Summary(IReadOnlyList<SummaryRow> rows)
    {
        if (_terminal is not null)
        {
            _terminal.Write(TableOf(rows));
            return;
        }

        foreach (SummaryRow row in rows)
            _output.WriteLine($"{row.Name}: {row.Value}");
    }

    /// <summary>A table of several columns; the first is a name, the others are right-aligned.</summary>
    public void Grid(IReadOnlyList<string> headers, IReadOnlyList<IReadOnlyList<string>> rows)
    {
        if (_terminal is null)
        {
            PlainGrid(headers, rows);
            return;
        }

        Table table = new() { Border = TableBorder.Rounded };
        for (int i = 0; i < headers.Count; i++)
        {
            TableColumn column = new TableColumn(Markup.Escape(headers[i])).NoWrap();
            table.AddColumn(i == 0 ? column : column.RightAligned());
        }

        foreach (IReadOnlyList<string> row in rows)
            table.AddRow([.. row.Select(Markup.Escape)]);
        _terminal.Write(table);
    }

    /// <summary>Runs a step whose length is not known, with a spinner on a terminal.</summary>
    public T Busy<T>(string what, Func<T> step) => _terminal is null
        ? step()
        : _terminal.Status().Start(Markup.Escape(what), _ => step());

    /// <summary>The same for a step that returns nothing.</summary>
    public void Busy(string what, Action step) => Busy(what, () =>
    {
        step();
        return true;
    });

    /// <summary>Shows <paramref name="progress"/> until <paramref name="finished"/> says so; polls it every 20 ms.</summary>
    /// <param name="finished">Whether it is over.</param>
    /// <param name="progress">What to show.</param>
    /// <param name="end">
    /// Completes when it is over. With it ten polls a second are enough, for Ctrl-C: for who must not take processor time from what is watched.
    /// </param>
    public void Watch(Func<bool> finished, Func<IReadOnlyList<SummaryRow>> progress, Task? end = null)
    {
        if (_terminal is null)
        {
            Poll(finished, s_lineInterval, () => Line(string.Join(", ", Rows().Select(row => $"{row.Name} {row.Value}"))), end);
            return;
        }

        _terminal.Live(TableOf(Rows())).Start(live =>
        {
            Poll(finished, s_liveRefresh, () => live.UpdateTarget(TableOf(Rows())), end);
            live.UpdateTarget(new Spectre.Console.Text(string.Empty));
        });

        IReadOnlyList<SummaryRow> Rows() => Footer is null ? progress() : [.. progress(), .. Footer()];
    }

    /// <summary>
    /// Refreshes a view on a terminal of a width, or prints a few lines each time, until <paramref name="finished"/> says so; polls it every 20 ms.
    /// </summary>
    public void Dashboard(Func<bool> finished, TimeSpan interval, Func<int, IRenderable> view, Func<IReadOnlyList<string>> lines)
    {
        if (_terminal is null)
        {
            Poll(finished, interval, () =>
            {
                foreach (string line in lines())
                    Line(line);
            });
            return;
        }

        _terminal.Live(View()).Start(live => Poll(finished, interval, () => live.UpdateTarget(View())));

        IRenderable View() => view(_terminal.Profile.Width);
    }

    private static void Poll(Func<bool> finished, TimeSpan interval, Action show, Task? end = null)
    {
        DateTime next = DateTime.UtcNow + interval;
        while (!finished())
        {
            if (end is { IsCompleted: false })
                ((IAsyncResult)end).AsyncWaitHandle.WaitOne(s_lazyPoll);
            else
                Thread.Sleep(s_poll);
            if (DateTime.UtcNow < next)
                continue;
            show();
            next += interval;
        }
    }

    private static Table TableOf(IReadOnlyList<SummaryRow> rows)
    {
        Table table = new() { Border = TableBorder.Rounded, ShowHeaders = false };
        table.AddColumn(new TableColumn("name"));
        table.AddColumn(new TableColumn("value").RightAligned());
        foreach (SummaryRow row in rows)
            table.AddRow(Markup.Escape(row.Name), Markup.Escape(row.Value));
        return table;
    }

    private void PlainGrid(IReadOnlyList<string> headers, IReadOnlyList<IReadOnlyList<string>> rows)
    {
        IReadOnlyList<IReadOnlyList<string>> lines = [headers, .. rows];
        int[] widths = [.. headers.Select((_, column) => lines.Max(line => line[column].Length))];
        foreach (IReadOnlyList<string> line in lines)
        {
            IEnumerable<string> cells = line.Select((cell, i) => i == 0 ? cell.PadRight(widths[i]) : cell.PadLeft(widths[i]));
            _output.WriteLine(string.Join("  ", cells).TrimEnd());
        }
    }
}
