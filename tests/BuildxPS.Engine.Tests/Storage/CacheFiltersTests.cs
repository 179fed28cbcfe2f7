using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Storage;
using BuildxPS.Engine.Tests.Configuration;

namespace BuildxPS.Engine.Tests.Storage;

public sealed class CacheFiltersTests
{
    [Theory]
    [InlineData("type=regular", "type==\"regular\"")]
    [InlineData("TYPE = regular ", "type==\"regular\"")]
    [InlineData("type==regular", "type==\"regular\"")]
    [InlineData("type!=regular", "type!=\"regular\"")]
    [InlineData("type~=^source", "type~=\"^source\"")]
    [InlineData("id=abc", "id~=\"abc\"")]
    [InlineData("id==abc", "id~=\"abc\"")]
    [InlineData("id!=abc", "id!=\"abc\"")]
    [InlineData("description=mount / from \"x\", with a=b", "description==\"mount / from \\\"x\\\", with a=b\"")]
    [InlineData("description=\"a \\\"b\\\"\"", "description==\"a \\\"b\\\"\"")]
    [InlineData(@"description~=a\.b", "description~=\"a\\\\.b\"")]
    [InlineData("parents", "parents")]
    [InlineData("shared", "shared")]
    [InlineData("shared=true", "shared")]
    [InlineData("shared=False", "private")]
    [InlineData("mutable!=1", "immutable")]
    [InlineData("inuse", "inuse")]
    public void Text_becomes_what_engines_take(string text, string expected)
        => Assert.Equal(expected, Assert.Single(CacheFilters.Read([CacheFilters.Cut(text)]).Conditions).ToString());

    [Theory]
    [InlineData("until=24h")]
    [InlineData("unused-for=1440m")]
    public void An_age_is_no_condition(string text)
    {
        var filters = CacheFilters.Read([CacheFilters.Cut(text)]);
        Assert.Empty(filters.Conditions);
        Assert.Equal(TimeSpan.FromDays(1), filters.UnusedFor);
    }

    [Theory]
    [InlineData("'colour'", "colour=red")]
    [InlineData("'label'", "label=x")]
    [InlineData("''", "=x")]
    [InlineData("'until' 'soon'", "until=soon")]
    [InlineData("'until' '-1h'", "until=-1h")]
    [InlineData("'until' ''", "until")]
    [InlineData("'until' and 'unused-for'", "until=1h", "unused-for=1h")]
    [InlineData("'type' is given twice, with 'a' and with 'b'", "type=a", "type=b")]
    [InlineData("'shared' is 'often'", "shared=often")]
    [InlineData("'shared' is 'true'", "shared~=true")]
    [InlineData("not in use", "inuse=false")]
    public void What_makes_no_sense_is_refused_by_name(string part, params string[] texts)
    {
        var failed = Assert.Throws<BuildxException>(() => CacheFilters.Read([.. texts.Select(CacheFilters.Cut)]));
        Assert.Equal(BuildxFailure.ArgumentInvalid, failed.Failure);
        Assert.Contains(part, failed.Message, StringComparison.Ordinal);
        Assert.NotEmpty(failed.Advice);
    }

    [Fact]
    public void The_same_filter_twice_is_one()
        => Assert.Single(CacheFilters.Read([CacheFilters.Cut("type=a"), CacheFilters.Cut("type=a")]).Conditions);

    [Fact]
    public void Docker_configuration_adds_its_own_to_removals_only()
    {
        using var configuration = new TestConfiguration();
        configuration.Config("""{"pruneFilters":["until=48h","label!=keep",null,"nothing","type=regular"]}""");
        var filters = CacheFilters.ReadForPrune([CacheFilters.Cut("shared"), CacheFilters.Cut("type=regular")], configuration.Environment());
        Assert.Equal(["shared", "type==\"regular\"", "label!=\"keep\""], filters.Conditions.Select(c => c.ToString()));
        Assert.Equal(TimeSpan.FromHours(48), filters.UnusedFor);
        Assert.Empty(filters.Warnings);
    }

    [Fact]
    public void Docker_configuration_that_contradicts_is_named()
    {
        using var configuration = new TestConfiguration();
        configuration.Config("""{"pruneFilters":["until=48h"]}""");
        var failed = Assert.Throws<BuildxException>(() => CacheFilters.ReadForPrune([CacheFilters.Cut("until=1h")], configuration.Environment()));
        Assert.Contains("'1h' here and '48h' in pruneFilters of", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_label_of_docker_configuration_keeps_everything_and_says_so()
    {
        using var configuration = new TestConfiguration();
        configuration.Config("""{"pruneFilters":["label=x"]}""");
        var filters = CacheFilters.ReadForPrune([], configuration.Environment());
        Assert.Equal("label==\"x\"", Assert.Single(filters.Conditions).ToString());
        Assert.Contains("nothing will be removed", Assert.Single(filters.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void Ids_are_alternatives_and_conditions_all_hold()
    {
        Assert.True(new CacheSelection().IsEverything);
        Assert.False(new CacheSelection { Ids = ["a"] }.IsEverything);
    }
}
