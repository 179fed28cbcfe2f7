namespace BuildxPS;

/// <summary>The last event of a question to a Dockerfile's frontend.</summary>
public sealed record FrontendAnswered : BuildEvent
{
    /// <summary>What was answered: <see cref="DockerfileViolation"/>, <see cref="DockerfileOutline"/> or <see cref="DockerfileTarget"/> objects.</summary>
    public IReadOnlyList<object> Answers { get; init => field = Indexable.From(value); } = ShownList<object>.Empty;
}
