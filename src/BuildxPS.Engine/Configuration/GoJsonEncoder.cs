using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;

namespace BuildxPS.Engine.Configuration;

/// <summary>Escapes in JSON what programs written in Go escape, and as they do; .NET's own encoders escape more.</summary>
internal sealed class GoJsonEncoder : JavaScriptEncoder
{
    private const int LongestEscape = 6;

    private static readonly SearchValues<char> s_escaped = SearchValues.Create(
        [.. Enumerable.Range(0, ' ').Select(c => (char)c), '"', '\\', '<', '>', '&', '\u2028', '\u2029', .. Enumerable.Range(0xD800, 0x800).Select(c => (char)c)]);

    private GoJsonEncoder()
    {
    }

    /// <summary>The only one.</summary>
    public static GoJsonEncoder Instance { get; } = new();

    /// <inheritdoc/>
    public override int MaxOutputCharactersPerInputCharacter => LongestEscape;

    /// <inheritdoc/>
    public override unsafe int FindFirstCharacterToEncode(char* text, int textLength)
    {
        var rest = new ReadOnlySpan<char>(text, textLength);
        for (var at = 0; ;)
        {
            var next = rest[at..].IndexOfAny(s_escaped);
            if (next < 0)
            {
                return -1;
            }

            at += next;
            if (at + 1 >= rest.Length || !char.IsSurrogatePair(rest[at], rest[at + 1]))
            {
                return at;
            }

            at += 2;
        }
    }

    /// <inheritdoc/>
    public override bool WillEncode(int unicodeScalar) => unicodeScalar is < ' ' or '"' or '\\' or '<' or '>' or '&' or 0x2028 or 0x2029;

    /// <inheritdoc/>
    public override unsafe bool TryEncodeUnicodeScalar(int unicodeScalar, char* buffer, int bufferLength, out int numberOfCharactersWritten)
    {
        var output = new Span<char>(buffer, bufferLength);
        if (!WillEncode(unicodeScalar))
        {
            numberOfCharactersWritten = 0;
            return new System.Text.Rune(unicodeScalar).TryEncodeToUtf16(output, out numberOfCharactersWritten);
        }

        var shorthand = unicodeScalar switch { '"' => '"', '\\' => '\\', '\b' => 'b', '\f' => 'f', '\n' => 'n', '\r' => 'r', '\t' => 't', _ => '\0' };
        return shorthand == '\0'
            ? output.TryWrite(CultureInfo.InvariantCulture, $"\\u{unicodeScalar:x4}", out numberOfCharactersWritten)
            : output.TryWrite(CultureInfo.InvariantCulture, $"\\{shorthand}", out numberOfCharactersWritten);
    }
}
