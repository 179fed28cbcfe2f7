using System.Collections;
using System.Globalization;
using System.Management.Automation;

namespace BuildxPS.Pipeline;

/// <summary>Reads what users give for a build's options: docker's text forms, hashtables and typed objects.</summary>
internal static class OptionArguments
{
    /// <summary>Reads annotations.</summary>
    /// <param name="arguments">What the user gave.</param>
    /// <returns>The annotations.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.AnnotationInvalid"/>, naming the part.</exception>
    public static IReadOnlyList<AnnotationSpec> Annotations(IEnumerable<object?> arguments) => [.. arguments.SelectMany(argument => PairArguments.Unwrap(argument) switch
    {
        AnnotationSpec spec => [spec],
        string text => AnnotationSpec.ParseAll(text),
        IDictionary table => Pairs(table, "annotation").SelectMany(p => AnnotationSpec.From(p.Key, p.Value)),
        var other => throw Unexpected(other, BuildxFailure.AnnotationInvalid, "an annotation", "Write it as 'key=value' or as a hashtable (@{ 'key' = 'value' })."),
    })];

    /// <summary>Reads attestations.</summary>
    /// <param name="arguments">What the user gave.</param>
    /// <returns>The attestations.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.AttestationInvalid"/>, naming the part.</exception>
    public static IEnumerable<AttestationSpec> Attestations(IEnumerable<object?> arguments) => SpecArguments.Rejoin(arguments).Select(argument => argument switch
    {
        AttestationSpec spec => spec,
        string text => AttestationSpec.Parse(text),
        IDictionary table => AttestationSpec.From(SpecArguments.PairsOf(table, "attestation attribute"), SpecArguments.Describe(table)),
        var other => throw UnexpectedAttestation(other),
    });

    /// <summary>Reads the short form of one attestation.</summary>
    /// <param name="type">Its type.</param>
    /// <param name="argument">What the user gave; null for nothing.</param>
    /// <returns>The attestation, or none.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.AttestationInvalid"/>, naming the part.</exception>
    public static IEnumerable<AttestationSpec> Attestation(string type, object? argument) => PairArguments.Unwrap(argument) switch
    {
        null or "" => [],
        bool isWanted => [new AttestationSpec { Type = type, IsDisabled = !isWanted }],
        SwitchParameter isWanted => [new AttestationSpec { Type = type, IsDisabled = !isWanted }],
        string text => [AttestationSpec.ParseShort(type, text)],
        IDictionary table => [AttestationSpec.From(SpecArguments.PairsOf(table, "attestation attribute").Prepend(new("type", type)), SpecArguments.Describe(table))],
        // Without quotes PowerShell reads mode=max,version=v1 as a list.
        object[] parts => [AttestationSpec.ParseShort(type, string.Join(',', parts.Select(p => PairArguments.TextOf(p, type, "attestation"))))],
        var other => throw UnexpectedAttestation(other),
    };

    /// <summary>Reads hosts.</summary>
    /// <param name="arguments">What the user gave.</param>
    /// <returns>The hosts.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ArgumentInvalid"/>, naming the part.</exception>
    public static IReadOnlyList<HostSpec> Hosts(IEnumerable<object?> arguments) => [.. arguments.SelectMany(argument => PairArguments.Unwrap(argument) switch
    {
        HostSpec spec => [spec],
        string text => HostSpec.ParseAll(text),
        IDictionary table => Lists(table, "host").Select(p => HostSpec.From(p.Key, p.Value)),
        var other => throw Unexpected(other, BuildxFailure.ArgumentInvalid, "a host", "Write it as 'name=address' or as a hashtable (@{ name = '1.2.3.4' })."),
    })];

    /// <summary>Reads limits of processes.</summary>
    /// <param name="arguments">What the user gave.</param>
    /// <returns>The limits.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ArgumentInvalid"/>, naming the part.</exception>
    public static IReadOnlyList<UlimitSpec> Ulimits(IEnumerable<object?> arguments) => [.. arguments.SelectMany(argument => PairArguments.Unwrap(argument) switch
    {
        UlimitSpec spec => [spec],
        string text => [UlimitSpec.Parse(text)],
        IDictionary table => Pairs(table, "limit").Select(p => UlimitSpec.From(p.Key, p.Value)),
        var other => throw Unexpected(other, BuildxFailure.ArgumentInvalid, "a limit", "Write it as 'nofile=1024:2048' or as a hashtable (@{ nofile = '1024:2048' })."),
    })];

    /// <summary>Reads a size.</summary>
    /// <param name="text">For example <c>64m</c>.</param>
    /// <param name="what">What it is of, for messages.</param>
    /// <returns>Bytes.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ArgumentInvalid"/>.</exception>
    public static long Size(string text, string what)
        => ByteCount.Parse(text.Trim()) ?? throw Invalid($"'{text}' is not a size of {what}", "Write bytes, or a number with a unit: 64m, 1.5g.");

    /// <summary>Reads limits of what steps use.</summary>
    /// <param name="arguments">What the user gave; later ones win.</param>
    /// <returns>The limits.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ArgumentInvalid"/>, naming the part.</exception>
    public static ResourceLimits Resources(IEnumerable<object?> arguments)
    {
        var limits = new ResourceLimits();
        foreach (var argument in arguments.Select(PairArguments.Unwrap))
        {
            if (argument is ResourceLimits all)
            {
                limits = all;
                continue;
            }

            foreach (var (key, value) in PairArguments.Read([argument], "resource", _ => ""))
            {
                limits = With(limits, key, value);
            }
        }

        return limits;
    }

    private static ResourceLimits With(ResourceLimits limits, string key, string value) => key.ToLowerInvariant() switch
    {
        "memory" => limits with { Memory = Size(value, "memory") },
        "memory-swap" => limits with { MemorySwap = value.Trim() == "-1" ? -1 : Size(value, "memory and swap") },
        "cpu-shares" => limits with { CpuShares = Number(key, value) },
        "cpu-period" => limits with { CpuPeriod = Number(key, value) },
        "cpu-quota" => limits with { CpuQuota = Number(key, value) },
        "cpuset-cpus" => limits with { CpuSetCpus = value },
        "cpuset-mems" => limits with { CpuSetMems = value },
        _ => throw Invalid($"'{key}' is not a resource", "There are memory, memory-swap, cpu-shares, cpu-period, cpu-quota, cpuset-cpus and cpuset-mems."),
    };

    private static long Number(string key, string value)
        => long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw Invalid($"'{value}' of the resource {key} is not a number", $"Write it like {key}=1024.");

    private static IEnumerable<KeyValuePair<string, string>> Pairs(IDictionary table, string what) => SpecArguments.PairsOf(table, what);

    /// <summary>Keys and values of a hashtable whose values may be lists.</summary>
    private static IEnumerable<KeyValuePair<string, string>> Lists(IDictionary table, string what)
    {
        foreach (DictionaryEntry entry in table)
        {
            var key = entry.Key.ToString() ?? "";
            yield return new(key, PairArguments.Unwrap(entry.Value) is object?[] list
                ? string.Join(',', list.Select(v => PairArguments.TextOf(v, key, what)))
                : PairArguments.TextOf(entry.Value, key, what) ?? "");
        }
    }

    private static BuildxException UnexpectedAttestation(object? value) => Unexpected(
        value, BuildxFailure.AttestationInvalid, "an attestation", "Write it as text ('type=provenance,mode=max'), or as a hashtable (@{ Type = 'provenance'; Mode = 'max' }).");

    private static BuildxException Unexpected(object? value, BuildxFailure failure, string what, string advice)
        => new(failure, $"A value of type {value?.GetType().Name ?? "null"} is not {what}.", advice);

    private static BuildxException Invalid(string problem, string advice) => new(BuildxFailure.ArgumentInvalid, problem + ".", advice);
}
