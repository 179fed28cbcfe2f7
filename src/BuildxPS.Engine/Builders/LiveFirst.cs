using System.Runtime.CompilerServices;

namespace BuildxPS.Engine.Builders;

/// <summary>An order for answers that arrive at different times.</summary>
internal static class LiveFirst
{
    private static readonly TimeSpan s_grace = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// Good answers in the order of their questions, as long as they arrive within a moment of each other; a slow one
    /// comes when it comes; bad ones come last, in the order of their questions.
    /// </summary>
    /// <typeparam name="T">What an answer is.</typeparam>
    /// <param name="asked">The questions, under way.</param>
    /// <param name="isGood">Whether an answer is good.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>All answers.</returns>
    public static async IAsyncEnumerable<T> OrderAsync<T>(
        IReadOnlyList<Task<T>> asked, Func<T, bool> isGood, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var waiting = asked.Index().ToList();
        var bad = new SortedList<int, T>();
        await Task.WhenAny(Task.WhenAll(asked), Task.Delay(s_grace, cancellationToken)).ConfigureAwait(false);
        while (waiting.Count > 0)
        {
            await Task.WhenAny(waiting.Select(pair => pair.Item)).WaitAsync(cancellationToken).ConfigureAwait(false);
            foreach (var pair in waiting.Where(pair => pair.Item.IsCompleted).ToList())
            {
                waiting.Remove(pair);
                var answer = await pair.Item.ConfigureAwait(false);
                if (isGood(answer))
                {
                    yield return answer;
                }
                else
                {
                    bad.Add(pair.Index, answer);
                }
            }
        }

        foreach (var answer in bad.Values)
        {
            yield return answer;
        }
    }
}
