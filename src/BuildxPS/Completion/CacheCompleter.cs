using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using BuildxPS.Engine.Builds.Caches;

namespace BuildxPS.Completion;

/// <summary>Completes the types of caches, and their attributes.</summary>
internal sealed class CacheCompleter : IArgumentCompleter
{
    private static readonly (string Value, string ToolTip)[] s_from =
    [
        ("type=registry,ref=", "A cache in a registry, or an image with an inline cache"),
        ("type=local,src=", "A cache in a folder"),
        ("type=gha,scope=", "The cache service of GitHub Actions"),
        ("type=s3,region=", "A bucket of S3 or of a store that speaks its protocol"),
        ("type=azblob,account_url=", "A container of Azure Blob Storage"),
    ];

    private static readonly (string Value, string ToolTip)[] s_to =
    [
        ("type=registry,ref=", "A cache in a registry"),
        ("type=local,dest=", "A cache in a folder"),
        ("type=inline", "A cache that goes with the image"),
        ("type=gha,mode=max,scope=", "The cache service of GitHub Actions"),
        ("type=s3,mode=max,region=", "A bucket of S3 or of a store that speaks its protocol"),
        ("type=azblob,mode=max,account_url=", "A container of Azure Blob Storage"),
    ];

    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        var isWritten = parameterName != "CacheFrom";
        return Completions.Try(() => AttributeCompletions.Select(TypedList.Read(wordToComplete, commandAst, parameterName), isWritten ? s_to : s_from, type => CacheAttributes.For(type, isWritten)));
    }
}
