using CsCheck;

namespace BuildxPS.Engine.Tests.Builds;

/// <summary>The text forms of a build's options.</summary>
public sealed class OptionSpecTests
{
    private static readonly Gen<string> s_word = Gen.String[Gen.Char.AlphaNumeric, 1, 8];
    private static readonly Gen<string> s_value = Gen.String[OneOf('a', '1', ',', '"', '=', ':', ' ', '[', ']', 'é'), 0, 12];

    private static Gen<T> OneOf<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    [Fact]
    public void An_annotation_is_read_as_it_is_printed()
        => Gen.Select(Gen.Enum<AnnotationLevel>(), OneOf<string?>(null, "linux/amd64", "linux/arm/v7"), s_word, s_value).Sample((level, platform, key, value) =>
        {
            var spec = new AnnotationSpec
            {
                Level = level,
                Platform = level is AnnotationLevel.Manifest or AnnotationLevel.ManifestDescriptor && platform is not null ? Platform.Parse(platform) : null,
                Key = "org." + key,
                Value = value,
            };
            return AnnotationSpec.Parse(spec.ToString()) == spec;
        });

    [Fact]
    public void An_attestation_is_read_as_it_is_printed()
        => Gen.Select(Gen.Bool, Gen.Dictionary(s_word.Select(w => w.ToLowerInvariant()), s_value)[0, 4]).Sample((disabled, attributes) =>
        {
            attributes.Remove("type");
            attributes.Remove("disabled");
            var text = new AttestationSpec { Type = "sbom", IsDisabled = disabled, Attributes = attributes }.ToString();
            var read = AttestationSpec.Parse(text);
            return read.ToString() == text && read.IsDisabled == disabled && read.Attributes.OrderBy(a => a.Key).SequenceEqual(attributes.OrderBy(a => a.Key));
        });

    [Fact]
    public void A_limit_is_read_as_it_is_printed()
        => Gen.Select(OneOf("nofile", "cpu", "nproc"), Gen.Long[-1, 1000], Gen.Long[0, 1000]).Sample((name, soft, more) =>
        {
            var spec = new UlimitSpec { Name = name, Soft = soft, Hard = soft < 0 ? -1 : soft + more };
            return UlimitSpec.Parse(spec.ToString()) == spec;
        });

    [Fact]
    public void A_host_is_read_as_it_is_printed()
        => Gen.Select(s_word, OneOf("10.0.0.1", "fd00::1", HostSpec.Gateway).Array[1, 3]).Sample((name, addresses) =>
        {
            var spec = new HostSpec { Name = "h" + name, Addresses = addresses.Length > 1 ? [.. addresses.Where(a => a != HostSpec.Gateway), "10.1.1.1"] : addresses };
            return HostSpec.Parse(spec.ToString()).ToString() == spec.ToString();
        });

    [Fact]
    public void A_secret_is_read_as_it_is_printed()
        => Gen.Select(s_word, s_word, Gen.Bool).Sample((id, where, isFile) =>
        {
            var spec = isFile ? new SecretSpec { Id = id, Source = $"/a,b \"{where}" } : new SecretSpec { Id = id, Environment = where };
            return SecretSpec.Parse(spec.ToString()) == spec;
        });

    [Fact]
    public void An_agent_is_read_as_it_is_printed()
        => Gen.Select(s_word, s_word.Array[0, 3]).Sample((id, paths) =>
        {
            var text = SshSpec.From(id, [.. paths.Select(p => "/" + p)]).ToString();
            return SshSpec.Parse(text).ToString() == text;
        });

    [Fact]
    public void A_context_is_read_as_it_is_printed()
        => Gen.Select(s_word.Select(w => w.ToLowerInvariant()), OneOf("/folder", "docker-image://alpine:3", "docker-image://scratch", "oci-layout:///l:tag", "https://h/x.tar.gz", "https://h/x.git#main:sub")).Sample((name, value) =>
        {
            var text = BuildContextSpec.Parse(name, value).ToString();
            var equals = text.IndexOf('=', StringComparison.Ordinal);
            return BuildContextSpec.Parse(text[..equals], text[(equals + 1)..]).ToString() == text;
        });

    [Theory]
    [InlineData("index,manifest:a=b", "index:a=b manifest:a=b")]
    [InlineData("manifest[linux/arm64],manifest-descriptor:a=b:c=d", "manifest[linux/arm64]:a=b:c=d manifest-descriptor:a=b:c=d")]
    [InlineData("a=", "a=")]
    public void An_annotation_may_stand_on_several_levels(string text, string expected)
        => Assert.Equal(expected, string.Join(' ', AnnotationSpec.ParseAll(text)));

    [Theory]
    [InlineData("", "no '='")]
    [InlineData("key", "no '='")]
    [InlineData("=value", "empty")]
    [InlineData("index:=value", "empty")]
    [InlineData("a b=value", "one word")]
    [InlineData("image:a=b", "'image'")]
    [InlineData(":a=b", "''")]
    [InlineData("index[linux/amd64]:a=b", "all platforms")]
    [InlineData("manifest[]:a=b", "'manifest[]'")]
    [InlineData("manifest[linux/amd64:a=b", "'manifest[linux/amd64'")]
    [InlineData("manifest[not a platform]:a=b", "square brackets")]
    [InlineData("manifest[one/two/three/four]:a=b", "names no platform")]
    public void What_is_wrong_with_an_annotation_is_named(string text, string expected)
        => Refused(() => AnnotationSpec.ParseAll(text), BuildxFailure.AnnotationInvalid, expected, "key=value");

    [Theory]
    [InlineData("", "empty")]
    [InlineData("mode=max", "no type")]
    [InlineData("type=", "no type")]
    [InlineData("type=license", "'license'")]
    [InlineData("type=provenance,max", "'max'")]
    [InlineData("type=provenance,mode=all", "'all'")]
    [InlineData("type=provenance,version=2", "'2'")]
    [InlineData("type=provenance,reproducible=yes", "reproducible=yes")]
    [InlineData("type=provenance,moed=max", "'moed'")]
    [InlineData("type=sbom,disabled=maybe", "disabled=maybe")]
    [InlineData("type=sbom,\"generator=x", "quotes")]
    public void What_is_wrong_with_an_attestation_is_named(string text, string expected)
        => Refused(() => AttestationSpec.Parse(text), BuildxFailure.AttestationInvalid, expected, "type=provenance,mode=max");

    [Theory]
    [InlineData("true", "type=provenance")]
    [InlineData("0", "type=provenance,disabled=true")]
    [InlineData("mode=max,version=v1", "type=provenance,mode=max,version=v1")]
    public void The_short_form_of_an_attestation_is_read_as_buildx_reads_it(string text, string expected)
        => Assert.Equal(expected, AttestationSpec.ParseShort(AttestationSpec.Provenance, text).ToString());

    [Fact]
    public void The_short_form_needs_attributes()
        => Refused(() => AttestationSpec.ParseShort(AttestationSpec.Provenance, "max"), BuildxFailure.AttestationInvalid, "'max'", "mode=max");

    [Theory]
    [InlineData("nofile", "no '='")]
    [InlineData("files=1", "'files'")]
    [InlineData("nofile=", "''")]
    [InlineData("nofile=x", "'x'")]
    [InlineData("nofile=1:2:3", "more than two")]
    [InlineData("nofile=2:1", "above its hard")]
    [InlineData("nofile=-1:5", "above its hard")]
    [InlineData("nofile=-2", "'-2'")]
    public void What_is_wrong_with_a_limit_is_named(string text, string expected)
        => Refused(() => UlimitSpec.Parse(text), BuildxFailure.ArgumentInvalid, expected, "nofile=1024");

    [Theory]
    [InlineData("a:1.2.3.4", "a=1.2.3.4")]
    [InlineData("a=[::1]", "a=::1")]
    [InlineData("a:::1", "a=::1")]
    [InlineData("a=1.1.1.1,::1,b=2.2.2.2", "a=1.1.1.1,::1 b=2.2.2.2")]
    [InlineData("\"a=1.1.1.1,::1\"", "a=1.1.1.1,::1")]
    public void A_host_is_read_in_all_of_dockers_forms(string text, string expected)
        => Assert.Equal(expected, string.Join(' ', HostSpec.ParseAll(text)));

    [Theory]
    [InlineData("", "empty")]
    [InlineData("a", "no address")]
    [InlineData("=1.1.1.1", "''")]
    [InlineData("a=", "''")]
    [InlineData("a=b", "'b'")]
    [InlineData("a=1.2.3", "'1.2.3'")]
    [InlineData("a=1.1.1.1,b", "'b'")]
    [InlineData("1.1.1.1", "no address")]
    [InlineData("a=fe80::1%eth0", "'fe80::1%eth0'")]
    public void What_is_wrong_with_a_host_is_named(string text, string expected)
        => Refused(() => HostSpec.ParseAll(text), BuildxFailure.ArgumentInvalid, expected, "name=address");

    private static void Refused(Action read, BuildxFailure failure, string message, string advice)
    {
        var error = Assert.Throws<BuildxException>(read);
        Assert.Equal(failure, error.Failure);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.Contains(advice, error.Advice, StringComparison.Ordinal);
    }
}
