using System.Management.Automation;
using System.Management.Automation.Host;

namespace BuildxPS.Pipeline;

/// <summary>The terminal that a person watches, as a cmdlet reaches it.</summary>
/// <param name="host">The host that runs the cmdlet.</param>
/// <param name="writeLine">Writes a line that stays.</param>
/// <param name="writeProgress">Writes a bar.</param>
internal sealed class ProgressTerminal(PSHost host, Action<string> writeLine, Action<ProgressRecord> writeProgress)
{
    private const int UsualWidth = 120;

    /// <summary>Columns. Asked each time, since people pull at windows.</summary>
    public int Width
    {
        get
        {
            try
            {
                return host.UI?.RawUI?.WindowSize.Width is > 0 and var width ? width : UsualWidth;
            }
            catch (SystemException e) when (e is not PipelineStoppedException)
            {
                // A host's own code, which has no screen and says so in whatever way: no width is worth a build.
                return UsualWidth;
            }
        }
    }

    /// <summary>Writes a line that stays.</summary>
    public void WriteLine(string line) => writeLine(line);

    /// <summary>Writes a bar.</summary>
    public void WriteProgress(ProgressRecord bar) => writeProgress(bar);

    /// <summary>Colours a text where colours are shown.</summary>
    /// <param name="text">The text.</param>
    /// <param name="color">The colour's code.</param>
    /// <returns>The text, coloured or not.</returns>
    public string Paint(string text, string color)
        => PSStyle.Instance.OutputRendering != OutputRendering.PlainText && host.UI?.SupportsVirtualTerminal == true
            && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
            ? color + text + PSStyle.Instance.Reset
            : text;
}
