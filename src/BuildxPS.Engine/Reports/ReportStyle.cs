using System.Security.Cryptography;
using System.Text;

namespace BuildxPS.Engine.Reports;

/// <summary>The style of the page, and its hash, by which the page allows it and no other.</summary>
internal static class ReportStyle
{
    /// <summary>The style sheet. Lines end alike wherever it was checked out, as the browser sees them when it hashes.</summary>
    public static string Text { get; } = Read().ReplaceLineEndings("\n");

    /// <summary>What the page's Content-Security-Policy says: no script, no request, this style.</summary>
    public static string Policy { get; } =
        $"default-src 'none'; style-src 'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(Text)))}'; base-uri 'none'; form-action 'none'";

    private static string Read()
    {
        using var stream = typeof(ReportStyle).Assembly.GetManifestResourceStream("report.css")!;
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
