using System.Runtime.InteropServices;
using System.Security;
using System.Text;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Sessions.Secrets;

/// <summary>Makes a secret's bytes of text, as UTF-8.</summary>
internal static class SecretText
{
    private static readonly UTF8Encoding s_utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads a protected text. On the way its characters are in no string and in no memory that is not zeroed.</summary>
    /// <param name="text">The text.</param>
    /// <param name="id">The secret, for the error.</param>
    /// <returns>The bytes.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.SecretTooLarge"/>, or <see cref="BuildxFailure.SecretUnreadable"/> for what is no text.</exception>
    public static SecretValue Read(SecureString text, string id)
    {
        var characters = IntPtr.Zero;
        try
        {
            characters = Marshal.SecureStringToGlobalAllocUnicode(text);
            unsafe
            {
                return Read(new ReadOnlySpan<char>((void*)characters, text.Length), id);
            }
        }
        catch (ObjectDisposedException e)
        {
            throw new BuildxException(
                BuildxFailure.SecretUnreadable,
                $"The secret '{DisplayText.Line(id)}' cannot be read: its value was disposed.",
                "Keep the SecureString until the build has ended.",
                e);
        }
        finally
        {
            Marshal.ZeroFreeGlobalAllocUnicode(characters);
        }
    }

    /// <summary>Reads a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="id">The secret, for the error.</param>
    /// <returns>The bytes.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.SecretTooLarge"/>, or <see cref="BuildxFailure.SecretUnreadable"/> for what is no text.</exception>
    public static SecretValue Read(ReadOnlySpan<char> text, string id)
    {
        var value = new SecretValue(Measure(text, id));
        value.Advance(s_utf8.GetBytes(text, value.GetMemory().Span));
        return value;
    }

    /// <summary>Counts a text's bytes.</summary>
    /// <param name="text">The text.</param>
    /// <param name="id">The secret, for the error.</param>
    /// <returns>How many it has.</returns>
    /// <exception cref="BuildxException">As above.</exception>
    public static int Measure(ReadOnlySpan<char> text, string id)
    {
        try
        {
            var length = s_utf8.GetByteCount(text);
            return length <= LocalSecretSource.MaxLength ? length : throw SecretFile.TooLarge(id, length, "its value");
        }
        catch (EncoderFallbackException)
        {
            // Without its cause: that one's message has characters of the secret.
            throw new BuildxException(
                BuildxFailure.SecretUnreadable,
                $"The secret '{DisplayText.Line(id)}' is not valid text: it has half of a character that UTF-16 writes as two.",
                "Give bytes that are no text in a file, with -Secret 'id=ID,src=FILE'.");
        }
    }
}
