using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Builds.Questions;

/// <summary>What a Dockerfile's frontend can be asked instead of being told to build (<c>docker buildx build --call</c>).</summary>
public enum FrontendQuestion
{
    /// <summary>Which rules the Dockerfile breaks.</summary>
    Lint,

    /// <summary>What a stage takes: arguments, secrets, agents.</summary>
    Outline,

    /// <summary>Which stages there are.</summary>
    Targets,
}

/// <summary>A question on its way to the frontend and back.</summary>
internal static class FrontendQuestions
{
    private const string RequestId = "requestid";
    private const string Capabilities = "frontend.caps";
    private const string Capability = "moby.buildkit.frontend.subrequests+forward";
    private const string Result = "result.json";

    /// <summary>Makes a question of a call.</summary>
    /// <param name="call">The call that would build.</param>
    /// <param name="question">The question.</param>
    /// <returns>The call that asks.</returns>
    public static FrontendCall Ask(FrontendCall call, FrontendQuestion question)
    {
        var attributes = call.Attributes.ToDictionary(StringComparer.Ordinal);
        attributes[RequestId] = "frontend." + question.ToString().ToLowerInvariant();
        attributes[Capabilities] = attributes.TryGetValue(Capabilities, out var others) ? $"{others},{Capability}" : Capability;
        return call with { Attributes = attributes };
    }

    /// <summary>Refuses what is no answer, before the engine takes it for a build and runs its steps.</summary>
    /// <param name="result">What the frontend gave.</param>
    /// <param name="question">What it was asked.</param>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.EngineUnsupported"/>.</exception>
    public static void Check(EngineResult result, FrontendQuestion question)
    {
        if (!result.Metadata.ContainsKey(Result))
        {
            throw new BuildxException(
                BuildxFailure.EngineUnsupported,
                $"The Dockerfile's frontend does not answer the question '{question.ToString().ToLowerInvariant()}': it gave a build and no answer.",
                "Name a newer frontend in the Dockerfile's first line (# syntax=docker/dockerfile:1), or use a newer engine.");
        }
    }

    /// <summary>The answer's bytes.</summary>
    /// <param name="result">What the frontend gave, checked.</param>
    /// <returns>JSON.</returns>
    public static ReadOnlyMemory<byte> AnswerOf(EngineResult result) => result.Metadata[Result];
}
