namespace MagAlloc.Interleaving.Exploration;

/// <summary>All schedules with a bounded number of preemptions, one after the other, depth first.</summary>
/// <remarks>
/// Most concurrency errors need one or two preemptions (Musuvathi and Qadeer, PLDI 2007: iterative context bounding). Going
/// on with another thread when one ends, or waits for somebody, is free; making a held store visible early has a bound of
/// its own.
/// </remarks>
internal sealed class DepthFirst : IStrategy
{
    private readonly int _preemptions;
    private readonly int _flushes;
    private readonly List<(int Chosen, int Count)> _path = [];
    private readonly List<int> _allowed = [];
    private int _depth;
    private int _preempted;
    private int _flushed;

    public DepthFirst(int preemptions, int flushes)
    {
        _preemptions = preemptions;
        _flushes = flushes;
    }

    /// <inheritdoc/>
    public void Begin(int threads)
    {
        _depth = 0;
        _preempted = 0;
        _flushed = 0;
    }

    /// <summary>Moves on to the next schedule.</summary>
    /// <returns>False when there is none.</returns>
    public bool Advance()
    {
        // What lies deeper than the last run went belongs to a run that broke off.
        _path.RemoveRange(_depth, _path.Count - _depth);
        while (_path.Count > 0)
        {
            (int chosen, int count) = _path[^1];
            if (chosen + 1 < count)
            {
                _path[^1] = (chosen + 1, count);
                return true;
            }

            _path.RemoveAt(_path.Count - 1);
        }

        return false;
    }

    /// <inheritdoc/>
    public int Choose(ReadOnlySpan<Move> moves, int current, bool mustYield)
    {
        Allow(moves, current, mustYield);
        if (_depth == _path.Count)
        {
            _path.Add((0, _allowed.Count));
        }
        else if (_path[_depth].Count != _allowed.Count)
        {
            throw new InterleavingException("the scenario does not behave the same way twice under one schedule");
        }

        int chosen = _allowed[_path[_depth++].Chosen];
        if (!moves[chosen].IsRun)
        {
            _flushed++;
        }
        else if (current >= 0 && moves[chosen].Thread != current && !mustYield)
        {
            _preempted++;
        }

        return chosen;
    }

    private void Allow(ReadOnlySpan<Move> moves, int current, bool mustYield)
    {
        _allowed.Clear();
        for (int i = 0; i < moves.Length; i++)
        {
            bool allowed = !moves[i].IsRun ? _flushed < _flushes
                : current < 0 ? true
                : moves[i].Thread == current ? !mustYield
                : mustYield || _preempted < _preemptions;
            if (allowed)
            {
                _allowed.Add(i);
            }
        }
    }
}
