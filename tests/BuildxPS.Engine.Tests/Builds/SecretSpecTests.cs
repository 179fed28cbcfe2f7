using BuildxPS.Engine.Builds;
using BuildxPS.Engine.Configuration;

namespace BuildxPS.Engine.Tests.Builds;

public sealed class SecretSpecTests
{
    [Theory]
    [InlineData("id=a", "id=a")]
    [InlineData("id=a,src=/f", "id=a,src=/f")]
    [InlineData("source=/f,id=a", "id=a,src=/f")]
    [InlineData("ID=a,SRC=/f", "id=a,src=/f")]
    [InlineData("type=file,id=a,src=/f", "id=a,src=/f")]
    [InlineData("id=a,env=A", "id=a,env=A")]
    [InlineData("type=env,id=a,env=A", "id=a,env=A")]
    [InlineData("type=env,id=a,src=A", "id=a,env=A")]
    [InlineData("type=env,id=A", "id=A,env=A")]
    [InlineData("type=file,id=a", "id=a,src=a")]
    [InlineData("id=a,\"src=/a,b\"", "id=a,\"src=/a,b\"")]
    [InlineData("id=a,\"src=/say \"\"x\"\"\"", "id=a,\"src=/say \"\"x\"\"\"")]
    [InlineData("id=a,src=/f=g", "id=a,src=/f=g")]
    public void Text_is_read_as_buildx_reads_it_and_written_back(string text, string written)
        => Assert.Equal(written, SecretSpec.Parse(text).ToString());

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("s3cret")]
    [InlineData("id=s3cret\"")]
    [InlineData("src=s3cret")]
    [InlineData("id=,src=s3cret")]
    [InlineData("id=a,s3cret")]
    [InlineData("id=a,value=s3cret")]
    [InlineData("id=a,s3cret=b")]
    [InlineData("id=a,src=")]
    [InlineData("id=a,env=")]
    [InlineData("id=a,src=s3cret,env=s3cret")]
    [InlineData("id=a,type=file,env=s3cret")]
    [InlineData("id=a,type=text,src=s3cret")]
    public void What_is_no_secret_is_refused_without_repeating_what_may_be_one(string text)
    {
        var error = Assert.Throws<BuildxException>(() => SecretSpec.Parse(text));
        Assert.Equal(BuildxFailure.SecretInvalid, error.Failure);
        Assert.DoesNotContain("s3cret", error.ToString(), StringComparison.Ordinal);
        Assert.NotEmpty(error.Advice);
    }

    [Fact]
    public void A_value_is_in_no_text()
    {
        var secret = new SecretSpec { Id = "a", Value = SecretSpec.Protect("s3cret", "a") };
        Assert.Equal("id=a", secret.ToString());
        Assert.Equal(6, secret.Value.Length);
        Assert.DoesNotContain("s3cret", System.Text.Json.JsonSerializer.Serialize(secret), StringComparison.Ordinal);
    }

    [Fact]
    public void A_value_that_no_SecureString_holds_is_refused()
        => Assert.Equal(BuildxFailure.SecretTooLarge, Assert.Throws<BuildxException>(() => SecretSpec.Protect(new string('s', 65537), "a")).Failure);

    [Fact]
    public void A_request_names_one_absolute_place_for_each_secret()
    {
        Assert.Equal(BuildxFailure.SecretInvalid, Refuse(new SecretSpec { Id = "a" }).Failure);
        Assert.Equal(BuildxFailure.SecretInvalid, Refuse(new SecretSpec { Id = "", Environment = "A" }).Failure);
        Assert.Equal(BuildxFailure.SecretInvalid, Refuse(new SecretSpec { Id = "a", Environment = "A", Source = "/a" }).Failure);
        Assert.Contains("secret 'a'", Refuse(new SecretSpec { Id = "a", Source = "a" }).Message, StringComparison.Ordinal);

        static BuildxException Refuse(SecretSpec secret) => Assert.Throws<BuildxException>(() => RequestCheck.Normalize(
            new BuildRequest { ContextPath = "/", Secrets = [secret] },
            new ClientEnvironment { Variables = new Dictionary<string, string>(), HomeDirectory = "/" }));
    }
}
