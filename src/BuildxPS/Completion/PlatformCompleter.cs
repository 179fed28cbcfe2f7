using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace BuildxPS.Completion;

/// <summary>Completes the platforms that images are commonly made for, this machine's first, and those that a builder's nodes were given.</summary>
internal sealed class PlatformCompleter : IArgumentCompleter
{
    private static readonly (string Value, string ToolTip)[] s_platforms =
    [
        ("linux/amd64", "64-bit x86"),
        ("linux/arm64", "64-bit Arm: Apple silicon, AWS Graviton, Raspberry Pi 3 and later"),
        ("linux/arm/v7", "32-bit Arm with hardware floating point"),
        ("linux/arm/v6", "32-bit Arm of the first Raspberry Pi"),
        ("linux/386", "32-bit x86"),
        ("linux/ppc64le", "IBM POWER, little endian"),
        ("linux/riscv64", "64-bit RISC-V"),
        ("linux/s390x", "IBM Z"),
        ("windows/amd64", "Windows on 64-bit x86"),
    ];

    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        var typed = TypedList.Read(wordToComplete, commandAst, parameterName);
        var own = Platform.Local.ToString();
        var others = Completions.Try(() => Assigned(fakeBoundParameters["Builder"]?.ToString()), []);
        var given = typed.Before.Split(',').ToHashSet(StringComparer.OrdinalIgnoreCase);
        return Completions.SelectItems(typed, s_platforms.Concat(others).DistinctBy(p => p.Value).Where(p => !given.Contains(p.Value)).OrderByDescending(p => p.Value == own));
    }

    private static IEnumerable<(string Value, string ToolTip)> Assigned(string? builder)
        => LocalBuilders.Find(builder)?.Nodes.SelectMany(n => n.ExplicitPlatforms.Select(p => (p.ToString(), $"Given to the node '{n.Name}'"))) ?? [];
}
