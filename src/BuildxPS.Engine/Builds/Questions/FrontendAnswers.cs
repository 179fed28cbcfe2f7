using System.Text;
using System.Text.Json;
using BuildxPS.Engine.Diagnostics;

namespace BuildxPS.Engine.Builds.Questions;

/// <summary>
/// Reads what frontends answer. A frontend may be an image from anywhere: what is too long is cut, what makes no sense is
/// left out, and what is new is passed over.
/// </summary>
internal sealed class FrontendAnswers
{
    private const int MaxEntries = 10_000;
    private const int MaxSources = 100;
    private const int MaxSource = 512 * 1024;
    private const int MaxName = 1024;
    private const int MaxText = 16 * 1024;
    private static readonly JsonDocumentOptions s_json = new() { MaxDepth = 32 };

    private readonly BuildInputs _inputs;
    private readonly IReadOnlyDictionary<string, string> _given;
    private readonly List<(string File, string Text)> _sources = [];

    private FrontendAnswers(BuildInputs inputs, IReadOnlyDictionary<string, string> given)
    {
        _inputs = inputs;
        _given = given;
    }

    /// <summary>Reads an answer.</summary>
    /// <param name="question">What was asked.</param>
    /// <param name="answer">JSON.</param>
    /// <param name="inputs">The build's local inputs.</param>
    /// <param name="given">Build arguments that were given.</param>
    /// <returns>Objects of the model.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ProtocolViolation"/>: it is no answer.</exception>
    public static IReadOnlyList<object> Read(FrontendQuestion question, ReadOnlyMemory<byte> answer, BuildInputs inputs, IReadOnlyDictionary<string, string> given)
    {
        try
        {
            using var document = JsonDocument.Parse(answer, s_json);
            var reader = new FrontendAnswers(inputs, given);
            return question switch
            {
                FrontendQuestion.Lint => reader.ReadViolations(document.RootElement),
                FrontendQuestion.Outline => [reader.ReadOutline(document.RootElement)],
                _ => reader.ReadTargets(document.RootElement),
            };
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw new BuildxException(
                BuildxFailure.ProtocolViolation,
                $"The Dockerfile's frontend answered with something that is no {question.ToString().ToLowerInvariant()} result: {DisplayText.Line(e.Message)}",
                "Use another frontend (the Dockerfile's first line, # syntax=docker/dockerfile:1) or another engine.",
                e);
        }
    }

    private IReadOnlyList<object> ReadViolations(JsonElement root)
    {
        foreach (var source in List(root, "sources").Take(MaxSources))
        {
            _sources.Add((Text(source, "filename", MaxName), Data(source.ValueKind == JsonValueKind.Object && source.TryGetProperty("data", out var data) ? data : default)));
        }

        List<DockerfileViolation> found = [.. List(root, "warnings").Select(ReadViolation)];
        if (Object(root, "buildError") is { } error)
        {
            found.Add(Located(
                new DockerfileViolation { Level = ViolationLevel.Error, Detail = DisplayText.Lines(RawText(error, "message"), MaxText) },
                error,
                found));
        }

        return [.. found.OrderBy(v => v.File, StringComparer.Ordinal).ThenBy(v => v.StartLine ?? 0)];
    }

    private DockerfileViolation ReadViolation(JsonElement warning) => Located(
        new DockerfileViolation
        {
            Rule = Text(warning, "ruleName", MaxName),
            Description = Text(warning, "description", MaxText),
            Detail = DisplayText.Lines(RawText(warning, "detail"), MaxText),
            Url = Uri.TryCreate(RawText(warning, "url"), UriKind.Absolute, out var url) && (url.Scheme == Uri.UriSchemeHttps || url.Scheme == Uri.UriSchemeHttp) ? url : null,
        },
        warning,
        []);

    private DockerfileViolation Located(DockerfileViolation violation, JsonElement element, List<DockerfileViolation> others)
    {
        var source = Location(element);
        return violation with
        {
            File = source is not null ? FullName(source.FileName) : others.Count > 0 ? others[0].File : (_inputs.Dockerfile.FilePath ?? _inputs.Dockerfile.Name),
            StartLine = source?.FirstLine,
            EndLine = source?.LastLine,
            Source = source,
        };
    }

    private DockerfileOutline ReadOutline(JsonElement root)
    {
        ReadTexts(root);
        return new DockerfileOutline
        {
            Name = Text(root, "name", MaxName),
            Description = Text(root, "description", MaxText),
            BuildArgs = [.. List(root, "args").Where(a => Text(a, "name", MaxName).Length > 0).Select(ReadArgument)],
            Secrets = ReadMounts(root, "secrets", "name"),
            Ssh = ReadMounts(root, "ssh", "name"),
            CacheMounts = ReadMounts(root, "cache", "ID"),
            Sources = [.. _sources.Select(s => s.Text)],
        };
    }

    private OutlineArgument ReadArgument(JsonElement argument)
    {
        var name = Text(argument, "name", MaxName);
        var location = Location(argument);
        var value = Text(argument, "value", MaxText);
        return new OutlineArgument
        {
            Name = name,
            Value = value,
            Description = Text(argument, "description", MaxText),
            Location = location,
            // A stage's bare ARG has the default of the one above all stages, which only the value tells.
            Default = (location is null ? null : ArgumentDefault.Find(location, name)) ?? (_given.ContainsKey(name) || value.Length == 0 ? null : value),
        };
    }

    private OutlineMount[] ReadMounts(JsonElement root, string list, string name) =>
    [
        .. List(root, list).Where(m => Text(m, name, MaxName).Length > 0).Select(m => new OutlineMount
        {
            Name = Text(m, name, MaxName),
            IsRequired = m.TryGetProperty("required", out var required) && required.ValueKind == JsonValueKind.True,
            Location = Location(m),
        }),
    ];

    private IReadOnlyList<object> ReadTargets(JsonElement root)
    {
        ReadTexts(root);
        return
        [
            .. List(root, "targets").Where(t => t.ValueKind == JsonValueKind.Object).Select(t => new DockerfileTarget
            {
                Name = Text(t, "name", MaxName),
                IsDefault = t.TryGetProperty("default", out var isDefault) && isDefault.ValueKind == JsonValueKind.True,
                Description = Text(t, "description", MaxText),
                Base = Text(t, "base", MaxName),
                Platform = Text(t, "platform", MaxName),
                Location = Location(t),
            }),
        ];
    }

    private void ReadTexts(JsonElement root) => _sources.AddRange(List(root, "sources").Take(MaxSources).Select(s => (_inputs.Dockerfile.Name, Data(s))));

    private SourceExcerpt? Location(JsonElement element)
    {
        if (Object(element, "location") is not { } location)
        {
            return null;
        }

        // Go leaves out what is zero.
        var index = Number(location, "sourceIndex");
        return index >= 0 && index < _sources.Count
            ? SourceExcerpts.Create(_sources[index].File, _sources[index].Text, List(location, "ranges").Take(MaxSources).Select(r => (Line(r, "start"), Line(r, "end"))))
            : null;
    }

    private string FullName(string file) => file == _inputs.Dockerfile.Name ? (_inputs.Dockerfile.FilePath ?? _inputs.Dockerfile.Name) : file;

    private static int Line(JsonElement range, string end) => Object(range, end) is { } position ? Number(position, "line") : 0;

    private static int Number(JsonElement element, string name)
        => element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number : 0;

    private static JsonElement? Object(JsonElement element, string name)
        => element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Object ? value : null;

    private static JsonElement[] List(JsonElement element, string name)
        => element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray().Take(MaxEntries)] : [];

    private static string Text(JsonElement element, string name, int length) => DisplayText.Line(RawText(element, name), length);

    private static string? RawText(JsonElement element, string name)
        => element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static string Data(JsonElement value)
        => value.ValueKind == JsonValueKind.String && value.TryGetBytesFromBase64(out var bytes) && bytes.Length <= MaxSource
            ? DisplayText.Lines(Encoding.UTF8.GetString(bytes), MaxSource)
            : "";
}
