using BuildxPS.Engine.Builds.Caches;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Builds.Caches;

public sealed class AwsCredentialsTests : IDisposable
{
    private readonly TemporaryFolder _home = new();

    public void Dispose() => _home.Dispose();

    private ClientEnvironment Environment(string variables = "") => new()
    {
        HomeDirectory = _home.Path,
        Variables = variables.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(v => v.Split('=', 2)).ToDictionary(p => p[0], p => p[1].Replace("HOME", _home.Path, StringComparison.Ordinal)),
    };

    private void Write(string file, string text)
    {
        Directory.CreateDirectory(Path.Join(_home.Path, ".aws"));
        File.WriteAllText(Path.Join(_home.Path, ".aws", file), text);
    }

    private string Find(string variables = "")
    {
        var found = AwsCredentials.Find(Environment(variables));
        return found.Problem ?? string.Join(' ', new[] { found.Id, found.Secret, found.Token }.OfType<string>());
    }

    [Theory]
    [InlineData("AWS_ACCESS_KEY_ID=i AWS_SECRET_ACCESS_KEY=s", "i s")]
    [InlineData("AWS_ACCESS_KEY_ID=i AWS_SECRET_ACCESS_KEY=s AWS_SESSION_TOKEN=t AWS_PROFILE=none", "i s t")]
    [InlineData("AWS_ACCESS_KEY=i AWS_SECRET_KEY=s", "i s")]
    public void Variables_come_first(string variables, string expected)
    {
        Write("credentials", "[default]\naws_access_key_id = other\naws_secret_access_key = other\n");
        Assert.Equal(expected, Find(variables));
    }

    [Theory]
    [InlineData("", "di ds")]
    [InlineData("AWS_ACCESS_KEY_ID=alone", "di ds")]
    [InlineData("AWS_PROFILE=two", "ti t/s+= tt")]
    [InlineData("AWS_DEFAULT_PROFILE=two", "ti t/s+= tt")]
    [InlineData("AWS_PROFILE=three", "ci cs")]
    [InlineData("AWS_CONFIG_FILE=HOME/.aws/other AWS_PROFILE=four", "fi fs")]
    [InlineData("AWS_SHARED_CREDENTIALS_FILE=HOME/.aws/more AWS_PROFILE=five", "5i 5s")]
    public void Profiles_are_read_from_both_files(string variables, string expected)
    {
        Write("credentials", """
            # [default]
            [default]
            aws_access_key_id=di
              aws_access_key_id = indented
            AWS_Secret_Access_Key = ds ; a comment
            [two]
            aws_access_key_id = ti
            aws_secret_access_key = t/s+=
            aws_session_token = tt # a comment
            """);
        Write("config", "[default]\nregion = x\n[two]\naws_access_key_id = wrong\n[profile two]\naws_access_key_id = less\naws_secret_access_key = less\n[ profile   three ]\naws_access_key_id = ci\naws_secret_access_key = cs\n");
        Write("other", "[profile four]\naws_access_key_id = fi\naws_secret_access_key = fs\n");
        Write("more", "[five]\naws_access_key_id = 5i\naws_secret_access_key = 5s\n");
        Assert.Equal(expected, Find(variables));
    }

    [Theory]
    [InlineData("", "", "neither variables nor AWS's files")]
    [InlineData("", "AWS_PROFILE=x", "'x', which AWS_PROFILE names, is in neither")]
    [InlineData("", "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://x", "this container")]
    [InlineData("", "AWS_WEB_IDENTITY_TOKEN_FILE=/x", "AWS_WEB_IDENTITY_TOKEN_FILE")]
    [InlineData("[default]\nregion = x\n", "", "neither variables")]
    [InlineData("[default]\nsso_session = x\n", "", "'default' signs in by SSO")]
    [InlineData("[default]\nsso_start_url = x\n", "", "'default' signs in by SSO")]
    [InlineData("[default]\nlogin_session = x\n", "", "'aws login'")]
    [InlineData("[default]\ncredential_process = x\n", "", "a program")]
    [InlineData("[default]\nrole_arn = x\nsource_profile = y\naws_access_key_id = i\naws_secret_access_key = s\n", "", "takes on a role")]
    [InlineData("[default]\naws_access_key_id = i\n", "", "only one of")]
    public void What_cannot_be_done_is_said(string config, string variables, string expected)
    {
        Write("config", config);
        Assert.Contains(expected, Find(variables), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "access_key_id=i secret_access_key=s session_token=t")]
    [InlineData("access_key_id=a secret_access_key=b", "access_key_id=a secret_access_key=b")]
    [InlineData("secret_access_key=b", "access_key_id=i secret_access_key=b session_token=t")]
    [InlineData("session_token=", "access_key_id=i secret_access_key=s session_token=")]
    public void What_the_user_gave_stays(string given, string expected)
    {
        var attributes = given.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(v => v.Split('=', 2)).ToDictionary(p => p[0], p => p[1]);
        Assert.Null(AwsCredentials.Complete(attributes, Environment("AWS_ACCESS_KEY_ID=i AWS_SECRET_ACCESS_KEY=s AWS_SESSION_TOKEN=t")));
        Assert.Equal(expected, string.Join(' ', attributes.OrderBy(a => a.Key, StringComparer.Ordinal).Select(a => $"{a.Key}={a.Value}")));
    }

    [Fact]
    public void A_file_of_keys_without_end_is_not_read()
    {
        Write("config", new string('#', 2 << 20));
        Assert.Contains("1 MiB", Find(), StringComparison.Ordinal);
    }
}
