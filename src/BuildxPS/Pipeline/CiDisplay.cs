using BuildxPS.Engine.Progress.Ci;

namespace BuildxPS.Pipeline;

/// <summary>Shows a build as lines and commands of a CI system.</summary>
internal sealed class CiDisplay(Action<string> write, CiLog log) : BuildDisplay
{
    /// <inheritdoc/>
    public override void Show(BuildEvent buildEvent) => Write(log.Handle(buildEvent));

    /// <inheritdoc/>
    public override void Finish(Exception? failure = null) => Write(log.Finish(failure));

    private void Write(IReadOnlyList<string> lines)
    {
        foreach (var line in lines)
        {
            write(line);
        }
    }
}
