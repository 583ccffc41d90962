using System.Globalization;
using System.Text;

namespace MagAlloc.Interleaving.Exploration;

/// <summary>A schedule as text: <c>0x5 1x2 !0.1 0x3</c> is five steps of thread 0, two of thread 1, held store 1 of thread 0
/// becomes visible, three steps of thread 0.</summary>
internal static class Schedule
{
    public static string Write(List<Move> moves)
    {
        var text = new StringBuilder();
        for (int i = 0; i < moves.Count;)
        {
            Move move = moves[i];
            int first = i++;
            while (move.IsRun && i < moves.Count && moves[i] == move)
            {
                i++;
            }

            text.Append(text.Length == 0 ? string.Empty : " ");
            text.Append(CultureInfo.InvariantCulture, $"{(move.IsRun ? $"{move.Thread}x{i - first}" : $"!{move.Thread}.{move.Store}")}");
        }

        return text.ToString();
    }

    public static List<Move> Read(string text)
    {
        List<Move> moves = [];
        foreach (string word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            int[] numbers = [.. word.TrimStart('!').Split('x', '.').Select(number => int.Parse(number, CultureInfo.InvariantCulture))];
            if (word[0] == '!')
            {
                moves.Add(new Move(numbers[0], numbers[1]));
            }
            else
            {
                moves.AddRange(Enumerable.Repeat(Move.Run(numbers[0]), numbers[1]));
            }
        }

        return moves;
    }
}
