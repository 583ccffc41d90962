using System.Text.RegularExpressions;
using MagAlloc.Bench.Workloads;

namespace MagAlloc.Tests.Bench.Workloads;

/// <summary>Names are the contract of reports, baselines and gates.</summary>
public sealed partial class WorkloadCatalogTests
{
    private static readonly string[] s_promised =
    [
        "pair-64", "batch-256", "random-4k-live", "random-1m-live", "producer-consumer", "larson", "mstress", "xmalloc-test",
        "glibc-thread", "cache-scratch", "cache-thrash", "malloc-large", "mleak", "thread-churn", "replay-redis",
        "replay-python-threads", "random-64k-live", "random-128k-live", "pair-2m", "pair-16m", "realloc-append", "realloc-double",
        "pair-aligned-64", "churn-idle", "idle-threads", "two-heaps", "many-heaps", "cold-start",
    ];

    [Test]
    public void Every_promised_workload_is_there() =>
        Assert.That(s_promised, Is.SubsetOf(WorkloadCatalog.All.Select(entry => entry.Name)));

    [Test]
    public void The_board_is_what_it_was_before_there_were_groups() =>
        Assert.That(
            WorkloadCatalog.All.Where(entry => entry.Group != WorkloadGroup.Board).Select(entry => entry.Name),
            Is.SupersetOf(s_promised[^12..]).And.None.AnyOf(s_promised[..^12]));

    [Test]
    public void Names_are_unique_and_in_kebab_case()
    {
        Assert.That(WorkloadCatalog.All.Select(entry => entry.Name), Is.Unique);
        Assert.That(WorkloadCatalog.All.Where(entry => !KebabCase().IsMatch(entry.Name)), Is.Empty);
    }

    [Test]
    public void An_entry_makes_the_workload_of_its_name_for_each_number_of_threads_that_it_accepts(
        [ValueSource(typeof(WorkloadNames), nameof(WorkloadNames.All))] string name,
        [Values(1, 2, 3, 4, 8)] int threads)
    {
        WorkloadEntry entry = WorkloadNames.Entry(name);
        Assert.That(entry.Threads.Accepts(entry.Threads.Default), Is.True);
        if (!entry.Threads.Accepts(threads))
            return;

        using Workload workload = entry.Create(threads);

        Assert.That(workload.Name, Is.EqualTo(name));
        Assert.That(workload.Threads, Is.EqualTo(threads));
    }

    [Test]
    public void Rules_accept_what_they_say()
    {
        Assert.Multiple(() =>
        {
            Assert.That(Accepted(ThreadRule.One), Is.EqualTo(new[] { 1 }));
            Assert.That(Accepted(ThreadRule.Exactly(2)), Is.EqualTo(new[] { 2 }));
            Assert.That(Accepted(ThreadRule.Any), Is.EqualTo(new[] { 1, 2, 3, 4, 5 }));
            Assert.That(Accepted(ThreadRule.AnyFromOne), Is.EqualTo(new[] { 1, 2, 3, 4, 5 }));
            Assert.That(Accepted(ThreadRule.Pairs), Is.EqualTo(new[] { 2, 4 }));
            Assert.That(ThreadRule.AnyFromOne.Default, Is.EqualTo(1));
            Assert.That(ThreadRule.Any.Default, Is.EqualTo(Environment.ProcessorCount));
        });
    }

    private static IEnumerable<int> Accepted(ThreadRule rule) => Enumerable.Range(0, 6).Where(rule.Accepts);

    [GeneratedRegex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$")]
    private static partial Regex KebabCase();
}
