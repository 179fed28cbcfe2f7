using System.Text.RegularExpressions;
using BuildxPS.Engine.Images.Manifests;
using BuildxPS.Engine.Images.Registries;

namespace BuildxPS.Engine.Builds.Failures;

/// <summary>Looks up which platforms a base image has, after an engine missed one. It helps to explain, and never fails.</summary>
internal static partial class BaseImagePlatforms
{
    private const int MaxShown = 20;

    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(5);

    /// <summary>Finds the platforms of the image that an error names.</summary>
    /// <param name="error">The engine's error.</param>
    /// <param name="registry">Makes a client.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A sentence; null where this client cannot see the image.</returns>
    public static async Task<string?> FindAsync(string error, Func<RegistryClient> registry, CancellationToken cancellationToken)
    {
        if (ImageOf().Match(error) is not { Success: true } match || !ImageReference.TryParse(match.Groups[1].Value, out var reference, out _))
        {
            return null;
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(s_limit);
        try
        {
            using var client = registry();
            var found = await client.GetManifestAsync(reference, limit.Token).ConfigureAwait(false);
            var platforms = ManifestReader.Read(reference, found.Bytes, found.MediaType, found.Digest) is ImageIndex index
                ? index.Manifests.Where(m => !m.IsAttestation).Select(m => m.Platform?.ToString()).OfType<string>().Distinct().ToList()
                : [];
            return platforms.Count == 0 ? null
                : $"{reference.FamiliarName} has {string.Join(", ", platforms.Take(MaxShown))}{(platforms.Count > MaxShown ? " and more" : "")}.";
        }
        catch (Exception e) when (e is BuildxException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return null;
        }
    }

    [GeneratedRegex(@"(?:failed to resolve source metadata for|failed to load metadata for|failed to resolve reference) ""?([^\s:""]+(?::[0-9]+/[^\s:""]+)?(?::[\w.-]+)?(?:@[a-z0-9]+:[0-9a-f]+)?)")]
    private static partial Regex ImageOf();
}
