using System.Text;

namespace BuildxPS.Engine.Sessions.Files.Patterns;

/// <summary>
/// A pattern as a program over characters. It runs all alternatives side by side and never goes back, so that it takes time
/// in proportion to program and text, whatever the pattern.
/// </summary>
internal sealed class RuneProgram
{
    private const int StackSteps = 128;
    private const int MaxSteps = 1_000_000;

    private readonly List<Step> _steps = [];
    private readonly string _required;
    private readonly bool _isAnchored;

    /// <summary>Compiles a pattern.</summary>
    /// <param name="alternatives">What matches: any of these sequences.</param>
    /// <exception cref="FormatException">It is too large.</exception>
    public RuneProgram(IReadOnlyList<IReadOnlyList<RuneItem>> alternatives)
    {
        for (var i = 0; i < alternatives.Count; i++)
        {
            var fork = _steps.Count;
            if (i < alternatives.Count - 1)
            {
                Append(new Step(StepKind.Fork));
            }

            Append(alternatives[i]);
            Append(new Step(StepKind.Match));
            if (i < alternatives.Count - 1)
            {
                _steps[fork] = new Step(StepKind.Fork) { Target = _steps.Count };
            }
        }

        _isAnchored = alternatives.All(a => a is [{ Place: RunePlace.Start, Minimum: > 0 }, ..]);
        _required = alternatives is [var only] ? LongestText(only) : "";
    }

    private enum StepKind
    {
        Rune,
        Set,
        Place,

        // Goes on at the next step and at the target.
        Fork,
        Jump,
        Match,
    }

    /// <summary>Whether the program matches somewhere in a text.</summary>
    /// <param name="text">The text.</param>
    /// <returns>Whether it does.</returns>
    public bool IsMatch(ReadOnlySpan<char> text)
    {
        if (_required.Length > 0 && text.IndexOf(_required, StringComparison.Ordinal) < 0)
        {
            return false;
        }

        var count = _steps.Count;
        Span<int> room = count <= StackSteps ? stackalloc int[4 * StackSteps] : new int[4 * count];
        var marks = room.Slice(3 * count, count);
        marks.Fill(-1);
        return Run(text, new Threads(room[..count]), new Threads(room.Slice(count, count)), room.Slice(2 * count, count), marks);
    }

    private bool Run(ReadOnlySpan<char> text, Threads current, Threads next, Span<int> stack, Span<int> marks)
    {
        Rune? before = null;
        var after = First(text, out var length);
        var position = 0;
        while (true)
        {
            if ((position == 0 || !_isAnchored) && Enter(0, position, before, after, ref current, stack, marks))
            {
                return true;
            }

            if (after is not { } rune || (current.Count == 0 && _isAnchored))
            {
                return false;
            }

            position += length;
            (before, after) = (rune, First(text[position..], out length));
            next.Count = 0;
            for (var i = 0; i < current.Count; i++)
            {
                var at = current[i];
                if (_steps[at].Takes(rune) && Enter(at + 1, position, before, after, ref next, stack, marks))
                {
                    return true;
                }
            }

            var swap = current;
            current = next;
            next = swap;
        }
    }

    /// <summary>Follows the steps that take no character. Whether one of them is the end.</summary>
    private bool Enter(int first, int position, Rune? before, Rune? after, ref Threads threads, Span<int> stack, Span<int> marks)
    {
        var depth = 0;
        Push(first, position, stack, ref depth, marks);
        while (depth > 0)
        {
            var at = stack[--depth];
            var step = _steps[at];
            switch (step.Kind)
            {
                case StepKind.Match:
                    return true;
                case StepKind.Rune or StepKind.Set:
                    threads.Add(at);
                    break;
                case StepKind.Place when !IsAt(step.Place, before, after):
                    break;
                case StepKind.Jump:
                    Push(step.Target, position, stack, ref depth, marks);
                    break;
                case StepKind.Fork:
                    Push(step.Target, position, stack, ref depth, marks);
                    Push(at + 1, position, stack, ref depth, marks);
                    break;
                default:
                    Push(at + 1, position, stack, ref depth, marks);
                    break;
            }
        }

        return false;
    }

    /// <summary>Enters a step, at each position once.</summary>
    private static void Push(int step, int position, Span<int> stack, ref int depth, Span<int> marks)
    {
        if (marks[step] != position)
        {
            marks[step] = position;
            stack[depth++] = step;
        }
    }

    private static Rune? First(ReadOnlySpan<char> text, out int length)
    {
        _ = Rune.DecodeFromUtf16(text, out var rune, out length);
        return text.IsEmpty ? null : rune;
    }

    private static bool IsAt(RunePlace place, Rune? before, Rune? after) => place switch
    {
        RunePlace.Start => before is null,
        RunePlace.End => after is null,
        RunePlace.WordEdge => IsWord(before) != IsWord(after),
        _ => IsWord(before) == IsWord(after),
    };

    private static bool IsWord(Rune? rune) =>
        rune is { IsAscii: true } ascii && (char.IsAsciiLetterOrDigit((char)ascii.Value) || ascii.Value == '_');

    /// <summary>A text without which nothing matches: a quick answer for most paths.</summary>
    private static string LongestText(IReadOnlyList<RuneItem> items)
    {
        var (longest, current) = ("", new StringBuilder());
        foreach (var item in items)
        {
            if (item is { Rune: { } rune, Minimum: 1, Maximum: 1 })
            {
                _ = current.Append(rune.ToString());
                longest = current.Length > longest.Length ? current.ToString() : longest;
            }
            else
            {
                _ = current.Clear();
            }
        }

        return longest;
    }

    private void Append(IReadOnlyList<RuneItem> items)
    {
        foreach (var item in items)
        {
            for (var i = 0; i < item.Minimum; i++)
            {
                AppendOnce(item);
            }

            if (item.Maximum is { } maximum)
            {
                AppendOptional(item, maximum - item.Minimum);
                continue;
            }

            var fork = _steps.Count;
            Append(new Step(StepKind.Fork));
            AppendOnce(item);
            Append(new Step(StepKind.Jump) { Target = fork });
            _steps[fork] = new Step(StepKind.Fork) { Target = _steps.Count };
        }
    }

    private void AppendOptional(RuneItem item, int count)
    {
        var forks = new List<int>();
        for (var i = 0; i < count; i++)
        {
            forks.Add(_steps.Count);
            Append(new Step(StepKind.Fork));
            AppendOnce(item);
        }

        foreach (var fork in forks)
        {
            _steps[fork] = new Step(StepKind.Fork) { Target = _steps.Count };
        }
    }

    private void AppendOnce(RuneItem item)
    {
        if (item.Group is { } group)
        {
            Append(group);
            return;
        }

        Append(item switch
        {
            { Rune: { } rune } => new Step(StepKind.Rune) { Rune = rune },
            { Set: { } set } => new Step(StepKind.Set) { Set = set },
            _ => new Step(StepKind.Place) { Place = item.Place!.Value },
        });
    }

    private void Append(Step step)
    {
        if (_steps.Count == MaxSteps)
        {
            throw new FormatException("it is too large");
        }

        _steps.Add(step);
    }

    private ref struct Threads(Span<int> steps)
    {
        private readonly Span<int> _steps = steps;

        public int Count { get; set; }

        public readonly int this[int index] => _steps[index];

        public void Add(int step) => _steps[Count++] = step;
    }

    private readonly record struct Step(StepKind Kind)
    {
        public Rune Rune { get; init; }

        public RuneSet? Set { get; init; }

        public RunePlace Place { get; init; }

        public int Target { get; init; }

        public bool Takes(Rune rune) => Kind == StepKind.Rune ? rune == Rune : Set!.Contains(rune);
    }
}
