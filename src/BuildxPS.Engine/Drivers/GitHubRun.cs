using System.Text.Json;
using System.Text.Json.Nodes;
using BuildxPS.Engine.Configuration;

namespace BuildxPS.Engine.Drivers;

/// <summary>What a GitHub Actions run tells of itself, for the provenance of the builds on a builder that it makes.</summary>
internal static class GitHubRun
{
    /// <summary>Where a builder's BuildKit finds it, below <c>/etc/buildkit</c>.</summary>
    public const string FileName = "provenance.d/github_actions_context.json";

    private const int MaxEventBytes = 4 << 20;

    // A group is told as a whole or not at all.
    private static readonly string[][] s_groups =
    [
        ["GITHUB_ACTOR", "GITHUB_ACTOR_ID", "GITHUB_TRIGGERING_ACTOR"],
        ["GITHUB_REF", "GITHUB_REF_NAME", "GITHUB_REF_PROTECTED", "GITHUB_REF_TYPE"],
        ["GITHUB_REPOSITORY", "GITHUB_REPOSITORY_ID", "GITHUB_REPOSITORY_OWNER", "GITHUB_REPOSITORY_OWNER_ID"],
        ["GITHUB_JOB", "GITHUB_RUN_ATTEMPT", "GITHUB_RUN_ID", "GITHUB_RUN_NUMBER", "GITHUB_SERVER_URL", "GITHUB_WORKFLOW", "GITHUB_WORKFLOW_REF", "GITHUB_WORKFLOW_SHA"],
        ["ImageOS", "ImageVersion", "RUNNER_OS", "RUNNER_ARCH", "RUNNER_ENVIRONMENT", "RUNNER_TRACKING_ID", "RUNNER_NAME"],
    ];

    /// <summary>Describes the run.</summary>
    /// <param name="environment">Where this client runs.</param>
    /// <returns>JSON; null outside of GitHub Actions, or where the run does not tell its event.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ConfigurationInvalid"/> where the event's file is not JSON.</exception>
    public static byte[]? Describe(ClientEnvironment environment)
    {
        if (GoText.Boolean(environment["GITHUB_ACTIONS"] ?? "") != true
            || environment["GITHUB_EVENT_NAME"] is not { } eventName || environment["GITHUB_EVENT_PATH"] is not { } eventPath)
        {
            return null;
        }

        var run = new SortedDictionary<string, JsonNode?>(StringComparer.Ordinal)
        {
            ["github_event_name"] = eventName,
            ["github_event_payload"] = ReadEvent(eventPath),
        };
        foreach (var group in s_groups.Where(group => group.All(name => environment[name] is not null)))
        {
            foreach (var name in group)
            {
                run[KeyOf(name)] = environment[name];
            }
        }

        return System.Text.Encoding.UTF8.GetBytes(new JsonObject(run).ToJsonString());
    }

    private static string KeyOf(string variable) => variable switch
    {
        "ImageOS" => "github_runner_image_os",
        "ImageVersion" => "github_runner_image_version",
        _ when variable.StartsWith("RUNNER_", StringComparison.Ordinal) => "github_" + variable.ToLowerInvariant(),
        _ => variable.ToLowerInvariant(),
    };

    private static JsonNode? ReadEvent(string path)
    {
        try
        {
            return new FileInfo(path).Length <= MaxEventBytes
                ? JsonNode.Parse(File.ReadAllBytes(path))
                : throw Invalid(path, "it is larger than 4 MiB", null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            throw Invalid(path, DisplayText.Line(e.Message).TrimEnd('.'), e);
        }
    }

    private static BuildxException Invalid(string path, string reason, Exception? inner) => new(
        BuildxFailure.ConfigurationInvalid,
        $"The event of this GitHub Actions run, {DisplayText.Line(path)} (GITHUB_EVENT_PATH), cannot be read: {reason}.",
        "Make the builder with the driver option provenance-add-gha=false to leave it out.",
        inner);
}
