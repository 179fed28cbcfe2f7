namespace BuildxPS.Engine.Tests.Reports;

/// <summary>Text that takes no more than it has room for, so that a test of a bound ends where there is none.</summary>
internal sealed class BoundedText(int most) : StringWriter
{
    public override void Write(char value)
    {
        Check(1);
        base.Write(value);
    }

    public override void Write(string? value)
    {
        Check(value?.Length ?? 0);
        base.Write(value);
    }

    private void Check(int more)
    {
        if (GetStringBuilder().Length + more > most)
        {
            throw new InvalidOperationException($"There is more text than {most}.");
        }
    }
}
