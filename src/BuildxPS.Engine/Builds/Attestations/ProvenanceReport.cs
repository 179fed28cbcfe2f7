using System.Text.Json;
using System.Text.Json.Nodes;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Builds.Attestations;

/// <summary>
/// Recorded provenance as buildx reports it in a metadata file: always the predicate of SLSA 0.2, and without what is long
/// unless <c>BUILDX_METADATA_PROVENANCE</c> is <c>max</c>.
/// </summary>
internal static class ProvenanceReport
{
    private const string Key = "buildx.build.provenance";
    private const string Version1 = "https://slsa.dev/provenance/v1";
    private const string BuildType02 = "https://mobyproject.org/buildkit@v1";

    // Of a name that comes twice, two readers may believe one each.
    private static readonly JsonDocumentOptions s_strict = new() { AllowDuplicateProperties = false };

    /// <summary>Whether provenance is reported at all.</summary>
    /// <param name="environment">The client's surroundings.</param>
    /// <returns>False where the user turned it off.</returns>
    public static bool IsWanted(ClientEnvironment environment)
        => environment["BUILDX_METADATA_PROVENANCE"] is not { } mode || (mode != "disabled" && GoText.Boolean(mode) != false);

    /// <summary>Makes the report's entries.</summary>
    /// <param name="recorded">What the engine recorded.</param>
    /// <param name="environment">The client's surroundings.</param>
    /// <returns>Predicates by their keys in a metadata file.</returns>
    /// <exception cref="InvalidDataException">A predicate is not what it says it is.</exception>
    public static IReadOnlyDictionary<string, JsonObject> Create(IReadOnlyList<RecordedAttestation> recorded, ClientEnvironment environment)
    {
        var isLong = environment["BUILDX_METADATA_PROVENANCE"] == "max";
        var report = new Dictionary<string, JsonObject>(StringComparer.Ordinal);
        foreach (var attestation in recorded)
        {
            var predicate = Parse(attestation, isLong);
            report[attestation.Platform.Length == 0 ? Key : $"{Key}/{attestation.Platform}"] = predicate;
        }

        return report;
    }

    private static JsonObject Parse(RecordedAttestation attestation, bool isLong)
    {
        try
        {
            var predicate = JsonNode.Parse(attestation.Predicate.Span, documentOptions: s_strict) as JsonObject ?? throw new InvalidDataException("The engine's provenance is no JSON object.");
            predicate = attestation.PredicateType == Version1 ? ToVersion02(predicate) : predicate;
            if (!isLong)
            {
                predicate.Remove("buildConfig");
                predicate.Remove("metadata");
            }

            return predicate;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            throw new InvalidDataException($"The engine's provenance cannot be read: {e.Message}", e);
        }
    }

    /// <summary>The same facts in the words of SLSA 0.2, where both have a word.</summary>
    private static JsonObject ToVersion02(JsonObject predicate)
    {
        var definition = predicate["buildDefinition"] as JsonObject ?? [];
        var external = definition["externalParameters"] as JsonObject ?? [];
        var intern = definition["internalParameters"] as JsonObject ?? [];
        var source = external["configSource"] as JsonObject ?? [];
        var run = predicate["runDetails"] as JsonObject ?? [];
        var result = new JsonObject
        {
            ["builder"] = new JsonObject { ["id"] = Copy((run["builder"] as JsonObject)?["id"]) ?? "" },
            ["buildType"] = BuildType02,
        };
        Add(result, "materials", definition["resolvedDependencies"] is JsonArray materials ? new JsonArray([.. materials.Select(Material)]) : null);
        var configSource = new JsonObject();
        Add(configSource, "uri", Copy(source["uri"]));
        Add(configSource, "digest", Copy(source["digest"]));
        Add(configSource, "entryPoint", Copy(source["path"]));
        var environment = new JsonObject { ["platform"] = Copy(intern["builderPlatform"]) ?? "" };
        foreach (var (key, value) in intern.Where(p => p.Key is not ("builderPlatform" or "buildConfig")))
        {
            environment[key] = Copy(value);
        }

        result["invocation"] = new JsonObject
        {
            ["configSource"] = configSource,
            ["parameters"] = Copy(external["request"]) ?? new JsonObject(),
            ["environment"] = environment,
        };
        Add(result, "buildConfig", Copy(intern["buildConfig"]));
        Add(result, "metadata", run["metadata"] is JsonObject metadata ? Metadata(metadata) : null);
        return result;
    }

    private static JsonObject Material(JsonNode? dependency)
    {
        var material = new JsonObject();
        Add(material, "uri", Copy((dependency as JsonObject)?["uri"]));
        Add(material, "digest", Copy((dependency as JsonObject)?["digest"]));
        return material;
    }

    private static JsonObject Metadata(JsonObject metadata)
    {
        var completeness = metadata["buildkit_completeness"] as JsonObject ?? [];
        var result = new JsonObject();
        Add(result, "buildInvocationID", Copy(metadata["invocationID"] ?? metadata["invocationId"]));
        Add(result, "buildStartedOn", Copy(metadata["startedOn"]));
        Add(result, "buildFinishedOn", Copy(metadata["finishedOn"]));
        result["completeness"] = new JsonObject
        {
            ["parameters"] = Copy(completeness["request"]) ?? false,
            ["environment"] = true,
            ["materials"] = Copy(completeness["resolvedDependencies"]) ?? false,
        };
        result["reproducible"] = Copy(metadata["buildkit_reproducible"]) ?? false;
        result["https://mobyproject.org/buildkit@v1#metadata"] = Copy(metadata["buildkit_metadata"]) ?? new JsonObject();
        Add(result, "https://mobyproject.org/buildkit@v1#hermetic", Copy(metadata["buildkit_hermetic"]));
        return result;
    }

    private static JsonNode? Copy(JsonNode? node) => node?.DeepClone();

    private static void Add(JsonObject target, string key, JsonNode? value)
    {
        if (value is not null)
        {
            target[key] = value;
        }
    }
}
