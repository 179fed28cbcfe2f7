using System.Security.Cryptography;
using BuildxPS.Engine.Protocol.Solver;
using Google.Protobuf;

namespace BuildxPS.Engine.Engines.BuildKit;

/// <summary>Build graphs that are one source.</summary>
internal static class SourceDefinition
{
    /// <summary>Makes the graph of a file of a web server.</summary>
    /// <param name="address">The file's address.</param>
    /// <param name="fileName">Its name in the result.</param>
    /// <param name="stepName">What the step is called.</param>
    /// <returns>The graph.</returns>
    public static Definition OfFile(string address, string fileName, string stepName)
        => Create(new SourceOp { Identifier = address, Attrs = { ["http.filename"] = fileName } }, stepName);

    /// <summary>Makes the graph of a git repository.</summary>
    /// <param name="repository">The repository.</param>
    /// <returns>The graph.</returns>
    public static Definition OfRepository(RepositorySource repository)
    {
        // Without scheme and user: whoever reaches it otherwise shares what was fetched.
        var remote = repository.Remote;
        var start = remote.IndexOf("://", StringComparison.Ordinal);
        var isSsh = start < 0 || remote.StartsWith("ssh://", StringComparison.OrdinalIgnoreCase);
        var place = start < 0 ? remote.Replace(':', '/') : remote[(start + 3)..];
        var user = place.IndexOf('@', StringComparison.Ordinal);
        place = user >= 0 && (place.IndexOf('/', StringComparison.Ordinal) is var slash && (slash < 0 || user < slash)) ? place[(user + 1)..] : place;
        var behind = repository is { Reference: null, Subfolder: null } ? ""
            : "#" + repository.Reference + (repository.Subfolder is { } folder ? ":" + folder : "");
        var source = new SourceOp
        {
            Identifier = "git://" + place + behind,
            Attrs =
            {
                ["git.fullurl"] = remote,
                ["git.authtokensecret"] = "GIT_AUTH_TOKEN",
                ["git.authheadersecret"] = "GIT_AUTH_HEADER",
            },
        };
        Add("git.keepgitdir", repository.KeepsGitFolder ? "true" : null);
        Add("git.checksum", repository.Checksum);
        Add("git.skipsubmodules", repository.SkipsSubmodules ? "true" : null);
        Add("git.mtime", repository.Times);
        Add("git.fetchbycommit", repository.FetchesCommit ? "true" : null);
        Add("git.mountsshsock", isSsh ? "default" : null);
        return Create(source, repository.StepName);

        void Add(string name, string? value)
        {
            if (value is not null)
            {
                source.Attrs[name] = value;
            }
        }
    }

    private static Definition Create(SourceOp source, string stepName)
    {
        var operation = new Op { Source = source }.ToByteString();
        var digest = "sha256:" + Convert.ToHexStringLower(SHA256.HashData(operation.Span));
        return new Definition
        {
            Def = { operation, new Op { Inputs = { new Input { Digest = digest } } }.ToByteString() },
            Metadata = { [digest] = new OpMetadata { Description = { ["llb.customname"] = stepName } } },
        };
    }
}
