using BuildxPS.Engine.Builders;

namespace BuildxPS.Engine.Tests.Builders;

public sealed class LiveFirstTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Answers_that_are_there_come_good_ones_first_in_the_order_of_their_questions()
    {
        Task<string>[] asked = [Task.FromResult("a"), Task.FromResult("-b"), Task.FromResult("c"), Task.FromResult("-d")];

        Assert.Equal(["a", "c", "-b", "-d"], await LiveFirst.OrderAsync(asked, IsGood, Token).ToListAsync(Token));
    }

    [Fact]
    public async Task Slow_answer_holds_up_nobody()
    {
        var slow = new TaskCompletionSource<string>();
        await using var answers = LiveFirst.OrderAsync([slow.Task, Task.FromResult("b")], IsGood, Token).GetAsyncEnumerator(Token);

        Assert.True(await answers.MoveNextAsync());
        Assert.Equal("b", answers.Current);
        slow.SetResult("a");
        Assert.True(await answers.MoveNextAsync());
        Assert.Equal("a", answers.Current);
        Assert.False(await answers.MoveNextAsync());
    }

    private static bool IsGood(string answer) => answer[0] != '-';
}
