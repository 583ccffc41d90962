using Spectre.Console;
using Spectre.Console.Rendering;
using Text = MagAlloc.Tooling.Reporting.Text;

namespace MagAlloc.Tool.Tracing;

/// <summary>The figures of a process's owners: a table for a terminal, a line an owner for a log.</summary>
internal static class TopView
{
    private const string HistoryHeader = "committed, history";

    // Of the width, in per cent: what a name may take.
    private const int MostNameShare = 30;

    private const string Levels = "▁▂▃▄▅▆▇█";

    private static readonly (string Header, Func<OwnerFigures, string> Value)[] s_columns =
    [
        ("allocated", o => Text.Bytes(o.Last?.AllocatedBytes)),
        ("in threads", o => Text.Bytes(o.Last?.ThreadCachedBytes)),
        ("in depots", o => Text.Bytes(o.Last?.DepotCachedBytes)),
        ("committed", o => Text.Bytes(o.Last?.CommittedBytes)),
        ("peak", o => Text.Bytes(o.Last?.PeakCommittedBytes)),
        ("magazines", o => Text.Count(o.Last?.DepotMagazines)),
        ("exchanges/s", o => Text.Count((long)o.ExchangesPerSecond)),
        ("reclaimed", o => Text.Count(o.Last?.ReclaimedMagazines)),
        ("threads", o => Text.Count(o.Last?.Threads)),
        ("faults", o => Text.Count(o.Last?.InjectedFaults)),
    ];

    // Shown only beside a queue of exportable buffers.
    private static readonly (string Header, Func<OwnerFigures, string> Value)[] s_bufferColumns =
    [
        ("importers", o => Text.Count(o.Buffers?.Importers)),
        ("hand-overs/s", o => Text.Count(o.Buffers is null ? null : (long)o.HandOversPerSecond)),
        ("orphaned", o => Text.Bytes(o.Buffers?.OrphanedBytes)),
        ("revoked", o => Text.Count(o.Buffers?.Revocations)),
    ];

    /// <summary>Those that have told figures.</summary>
    public static IReadOnlyList<OwnerFigures> Shown(IReadOnlyList<OwnerFigures> owners) => [.. owners.Where(owner => owner.Last is not null)];

    /// <param name="title">What is looked at.</param>
    /// <param name="owners">The living ones.</param>
    /// <param name="disposed">How many were disposed of: they only count, for they have no memory any more.</param>
    /// <param name="elapsed">Since the beginning.</param>
    /// <param name="width">Of the terminal: columns that have no room come in a block below.</param>
    public static IRenderable Table(string title, IReadOnlyList<OwnerFigures> owners, long disposed, TimeSpan elapsed, int width)
    {
        IReadOnlyList<OwnerFigures> living = Shown(owners);
        string[] names = Column(living, "owner", NameOf, Math.Max(MostNameShare * width / 100, "owner".Length));
        List<List<string[]>> blocks = [];
        int left = 0;
        foreach ((string header, Func<OwnerFigures, string> value) in ColumnsFor(living))
        {
            string[] column = Column(living, header, value, width);
            if (WidthOf(column) > left)
            {
                // The history is a picture: it is not worth a block of its own.
                if (header == HistoryHeader && blocks.Count != 0)
                    continue;
                blocks.Add([names]);
                left = width - WidthOf(names) - 1;
            }

            blocks[^1].Add(column);
            left -= WidthOf(column);
        }

        Table[] tables = [.. blocks.Select(BlockOf)];
        tables[0].Title = new TableTitle(Markup.Escape($"{title}, {Text.Seconds(elapsed)}"));
        tables[^1].Caption = new TableTitle(Markup.Escape(Tail(living, disposed)));
        return new Rows(tables);
    }

    private static Table BlockOf(IReadOnlyList<string[]> columns)
    {
        Table table = new() { Border = TableBorder.Rounded };
        foreach (string[] column in columns)
        {
            TableColumn heading = new TableColumn(Markup.Escape(column[0])).NoWrap();
            table.AddColumn(column == columns[0] || column[0] == HistoryHeader ? heading : heading.RightAligned());
        }

        for (int row = 1; row < columns[0].Length; row++)
            table.AddRow([.. columns.Select(column => Markup.Escape(column[row]))]);
        return table;
    }

    private static IEnumerable<(string Header, Func<OwnerFigures, string> Value)> ColumnsFor(IReadOnlyList<OwnerFigures> living) =>
        [.. s_columns, .. living.Any(owner => owner.Buffers is not null) ? s_bufferColumns : [], (HistoryHeader, owner => Spark(owner.Committed))];

    /// <summary>The heading and the values below it, each at most so long.</summary>
    private static string[] Column(IReadOnlyList<OwnerFigures> owners, string header, Func<OwnerFigures, string> value, int most) =>
        [.. owners.Select(value).Prepend(header).Select(cell => cell.Length <= most ? cell : $"{cell[..(most - 1)]}…")];

    // With a blank on each side and a border.
    private static int WidthOf(string[] cells) => cells.Max(cell => cell.Length) + 3;

    /// <inheritdoc cref="Table"/>
    public static IReadOnlyList<string> Lines(IReadOnlyList<OwnerFigures> owners, long disposed, TimeSpan elapsed)
    {
        IReadOnlyList<OwnerFigures> living = Shown(owners);
        return living.Count == 0
            ? [$"{Text.Seconds(elapsed)}  {Tail(living, disposed)}"]
            : [.. living.Select(owner =>
                $"{Text.Seconds(elapsed)}  {NameOf(owner)}: {string.Join(", ", (owner.Buffers is null ? s_columns : s_columns.Concat(s_bufferColumns)).Select(column => $"{column.Header} {column.Value(owner)}"))}")];
    }

    /// <summary>A bar a value, the highest at full height: eight levels, empty for 0.</summary>
    public static string Spark(IReadOnlyList<long> values)
    {
        long highest = values.Count == 0 ? 0 : values.Max();
        return string.Concat(values.Select(value => highest == 0 || value == 0 ? ' ' : Levels[(int)((value * (Levels.Length - 1)) / highest)]));
    }

    private static string NameOf(OwnerFigures owner) =>
        $"{owner.Kind} {(owner.Name.Length == 0 ? $"#{owner.Owner}" : owner.Name)}".TrimStart();

    private static string Tail(IReadOnlyList<OwnerFigures> living, long disposed)
    {
        string gone = disposed == 0 ? string.Empty : $", {Text.Count(disposed)} disposed";

        // Who attaches gets the first figures with the next beat: until then nothing is known, which is not the same as nothing there.
        return living.Count != 0 ? $"{Text.Count(living.Count)} living{gone}"
            : disposed == 0 ? "no figures of a heap, pool, cache, domain or queue yet"
            : $"no living heap, pool, cache, domain or queue{gone}";
    }
}
