using System.Text.RegularExpressions;

namespace MagAlloc.Tests.Architecture;

/// <summary>Where a shared buffer is, one class decides: what explores that class has then seen every move.</summary>
[TestFixture]
public sealed partial class LedgerTests
{
    private const string Ledger = "MagAlloc.Sharing/BufferLedger.cs";

    [Test]
    public void Only_the_ledger_moves_a_buffer()
    {
        IEnumerable<string> moves =
            from source in EngineSource.ReadAll()
            where source.Package == "MagAlloc.Sharing" && source.Name != Ledger
            from Match match in Assignment().Matches(source.Code)
            select $"{source.Name}: {match.Value}";

        Assert.That(moves, Is.Empty);
    }

    [Test]
    public void The_ledger_moves_buffers()
    {
        string code = EngineSource.ReadAll().Single(source => source.Name == Ledger).Code;

        Assert.That(Assignment().Count(code), Is.GreaterThan(15), "the premise");
    }

    [GeneratedRegex(@"\.(Phase|State|Pending|IsInLine|Pins|HasPages|WasOrphan|Frames|ClaimedBytes|Unread)\s*(=[^=>]|\+\+|--|[+-]=)|(\+\+|--)[\w.]+\.(Pending|Pins|Frames|Unread)\b")]
    private static partial Regex Assignment();
}
