namespace MagAlloc.Tooling.Reporting.Charts;

/// <summary>A method in a tree of calls, with the weight of all stacks that lead through it.</summary>
internal sealed class CallNode(string name)
{
    private readonly Dictionary<string, CallNode> _callees = [];

    public string Name { get; } = name;

    public long Weight { get; private set; }

    /// <summary>The heaviest first.</summary>
    public IEnumerable<CallNode> Callees => _callees.Values.OrderByDescending(callee => callee.Weight).ThenBy(callee => callee.Name, StringComparer.Ordinal);

    /// <param name="outermostFirst">The frames below this one.</param>
    /// <param name="weight">To be added to each.</param>
    public void Add(IEnumerable<string> outermostFirst, long weight)
    {
        CallNode node = this;
        node.Weight += weight;
        foreach (string frame in outermostFirst)
        {
            if (!node._callees.TryGetValue(frame, out CallNode? callee))
                node._callees.Add(frame, callee = new CallNode(frame));
            callee.Weight += weight;
            node = callee;
        }
    }
}
