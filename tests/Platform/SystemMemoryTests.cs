using System.Runtime.Versioning;
using MagAlloc.Platform;

namespace MagAlloc.Tests.Platform;

[TestFixture]
[Platform("Linux")]
[SupportedOSPlatform("linux")]
public sealed class SystemMemoryTests
{
    private const long MiB = FakeMachine.MiB;
    private const string Mount2 = "30 22 0:27 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate";
    private const string Mount1 = "34 30 0:31 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory";
    private const string OtherMount1 = "31 30 0:28 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu,cpuacct";

    // What version 1 says where there is no limit.
    private const long NoLimit1 = 9223372036854771712;

    [Test]
    public void A_machine_without_groups_has_what_is_available_and_its_free_swap()
    {
        using FakeMachine machine = new(available: 300, total: 1000, freeSwap: 20);

        Assert.That(machine.Room, Is.EqualTo(new MemoryRoom(320 * MiB, 1000 * MiB, "MemAvailable and SwapFree", null)));
        Assert.That(machine.Memory.ContainerBytes(), Is.EqualTo(1000 * MiB));
    }

    [Test]
    public void Where_nothing_is_said_nothing_is_known()
    {
        using FakeMachine machine = new(1);
        machine.Delete("proc/meminfo");
        machine.Delete("proc/self/statm");

        Assert.That(machine.Room, Is.EqualTo(MemoryRoom.Unknown));
        Assert.That(machine.Memory.ContainerBytes(), Is.Zero);
        Assert.That(machine.Memory.TouchedBytes(), Is.Zero);
    }

    [TestCase("")]
    [TestCase("garbage")]
    [TestCase("MemAvailable:\nMemTotal:")]
    [TestCase("MemAvailable: x kB\nMemTotal: -5 kB\n")]
    [TestCase("MemAvailable: 99999999999999999999999 kB")]
    public void Odd_contents_say_nothing(string text)
    {
        using FakeMachine machine = new(1);
        machine.Write("proc/meminfo", text);
        machine.Write("proc/self/statm", text);
        machine.Write("proc/self/cgroup", text);
        machine.Write("proc/self/mountinfo", text);

        Assert.That(machine.Room, Is.EqualTo(MemoryRoom.Unknown));
        Assert.That(machine.Memory.TouchedBytes(), Is.Zero);
    }

    [Test]
    public void Version_2_counts_clean_file_pages_as_free()
    {
        using FakeMachine machine = new(10_000);
        machine.Place("0::/app\n", Mount2);
        machine.Group2("sys/fs/cgroup/app", FakeMachine.Text(256 * MiB), 200 * MiB, file: 50 * MiB);

        Assert.That(machine.Room, Is.EqualTo(new MemoryRoom(106 * MiB, 256 * MiB, "memory.max", "/app")));
        Assert.That(machine.Room.ToString(), Is.EqualTo("memory.max of the control group /app leaves 111149056 of its 268435456 bytes"));
        Assert.That(machine.Memory.ContainerBytes(), Is.EqualTo(256 * MiB));
    }

    [Test]
    public void Every_group_up_to_the_root_counts()
    {
        using FakeMachine machine = new(10_000);
        machine.Place("0::/slice/app/inner\n", Mount2);
        machine.Group2("sys/fs/cgroup/slice/app/inner", "max", 10 * MiB);
        machine.Group2("sys/fs/cgroup/slice/app", FakeMachine.Text(512 * MiB), 10 * MiB);
        machine.Group2("sys/fs/cgroup/slice", FakeMachine.Text(600 * MiB), 590 * MiB);

        Assert.That(machine.Room, Is.EqualTo(new MemoryRoom(10 * MiB, 600 * MiB, "memory.max", "/slice")));
        Assert.That(machine.Memory.ContainerBytes(), Is.EqualTo(512 * MiB));
    }

    [Test]
    public void The_soft_bound_counts_like_a_limit()
    {
        using FakeMachine machine = new(10_000);
        machine.Place("0::/app\n", Mount2);
        machine.Group2("sys/fs/cgroup/app", FakeMachine.Text(256 * MiB), 100 * MiB, high: FakeMachine.Text(128 * MiB));

        Assert.That(machine.Room, Is.EqualTo(new MemoryRoom(28 * MiB, 128 * MiB, "memory.high", "/app")));
        Assert.That(machine.Memory.ContainerBytes(), Is.EqualTo(128 * MiB));
    }

    [Test]
    public void A_group_over_its_limit_leaves_nothing_and_one_without_limit_all()
    {
        using FakeMachine machine = new(10_000);
        machine.Place("0::/app\n", Mount2);
        machine.Group2("sys/fs/cgroup/app", FakeMachine.Text(256 * MiB), 300 * MiB);
        Assert.That(machine.Room.Bytes, Is.Zero);

        machine.Group2("sys/fs/cgroup/app", "max", 300 * MiB);
        Assert.That((machine.Room.Bytes, machine.Room.Group), Is.EqualTo((10_000 * MiB, (string?)null)));
    }

    [TestCase("max", 0, 40)]
    [TestCase("20971520", 5, 15)]
    [TestCase("0", 0, 0)]
    public void Swap_that_a_group_may_use_is_room(string swapMax, long swapUsed, long expected)
    {
        using FakeMachine machine = new(10_000, freeSwap: 40);
        machine.Place("0::/app\n", Mount2);
        machine.Group2("sys/fs/cgroup/app", FakeMachine.Text(256 * MiB), 256 * MiB, swapMax: swapMax, swapCurrent: swapUsed * MiB);

        Assert.That(machine.Room.Bytes, Is.EqualTo(expected * MiB));
    }

    [Test]
    public void Version_1_has_its_own_names()
    {
        using FakeMachine machine = new(10_000);
        machine.Place("4:memory:/docker/abc\n3:cpuset:/\n1:name=systemd:/\n", OtherMount1, Mount1);
        machine.Group1("sys/fs/cgroup/memory/docker/abc", 256 * MiB, 200 * MiB, file: 40 * MiB);
        machine.Group1("sys/fs/cgroup/memory/docker", NoLimit1, 900 * MiB);
        machine.Group1("sys/fs/cgroup/memory", NoLimit1, 5000 * MiB);

        Assert.That(machine.Room, Is.EqualTo(new MemoryRoom(96 * MiB, 256 * MiB, "memory.limit_in_bytes", "/docker/abc")));
        Assert.That(machine.Memory.ContainerBytes(), Is.EqualTo(256 * MiB));
    }

    [Test]
    public void Version_1_counts_groups_above_only_where_they_count_those_below()
    {
        using FakeMachine machine = new(10_000);
        machine.Place("4:cpu,memory:/docker/abc\n", Mount1);
        machine.Group1("sys/fs/cgroup/memory/docker/abc", 256 * MiB, 0);
        machine.Group1("sys/fs/cgroup/memory/docker", 100 * MiB, 90 * MiB);
        Assert.That(machine.Room.Bytes, Is.EqualTo(10 * MiB));

        machine.Write("sys/fs/cgroup/memory/docker/memory.use_hierarchy", "0\n");
        machine.Place("4:cpu,memory:/docker/abc\n\n", Mount1);
        Assert.That(machine.Room.Bytes, Is.EqualTo(256 * MiB));
    }

    [Test]
    public void A_group_without_a_limit_on_memory_may_deny_the_swap()
    {
        using FakeMachine machine = new(available: 100, total: 8000, freeSwap: 4000);
        machine.Place("0::/app\n", "30 22 0:27 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw");
        machine.Group2("sys/fs/cgroup/app", "max\n", 0, swapMax: "0\n");
        Assert.That(machine.Room.Bytes, Is.EqualTo(100 * MiB));
    }

    [Test]
    public void The_least_swap_of_all_groups_counts()
    {
        using FakeMachine machine = new(available: 8000, total: 16000, freeSwap: 4000);
        machine.Place("0::/pod/app\n", "30 22 0:27 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw");
        machine.Group2("sys/fs/cgroup/pod", "max\n", 0, swapMax: "0\n");
        machine.Group2("sys/fs/cgroup/pod/app", FakeMachine.Text(256 * MiB), 56 * MiB, swapMax: "max\n");
        Assert.That(machine.Room.Bytes, Is.EqualTo(200 * MiB));
    }

    [Test]
    public void Version_1_bounds_memory_and_swap_together()
    {
        using FakeMachine machine = new(10_000, freeSwap: 500);
        machine.Place("4:memory:/a\n", Mount1);
        machine.Group1("sys/fs/cgroup/memory/a", 256 * MiB, 200 * MiB);
        Assert.That(machine.Room.Bytes, Is.EqualTo(556 * MiB), "swap has no limit of its own");

        machine.Write("sys/fs/cgroup/memory/a/memory.memsw.limit_in_bytes", FakeMachine.Text(300 * MiB));
        machine.Write("sys/fs/cgroup/memory/a/memory.memsw.usage_in_bytes", FakeMachine.Text(210 * MiB));
        Assert.That(machine.Room, Is.EqualTo(new MemoryRoom(90 * MiB, 300 * MiB, "memory.memsw.limit_in_bytes", "/a")));
    }

    [Test]
    public void A_hybrid_machine_has_the_memory_controller_in_version_1()
    {
        using FakeMachine machine = new(10_000);
        machine.Place("4:memory:/a\n0::/user.slice/b\n", "37 30 0:34 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw", Mount1);
        machine.Write("sys/fs/cgroup/unified/user.slice/b/cgroup.procs", "");
        machine.Group1("sys/fs/cgroup/memory/a", 256 * MiB, 0);

        Assert.That((machine.Room.Bytes, machine.Room.Group), Is.EqualTo((256 * MiB, "/a")));
    }

    [Test]
    public void A_container_sees_its_own_part_of_the_hierarchy()
    {
        using FakeMachine machine = new(10_000);
        machine.Place("4:memory:/docker/abc/inner\n", "34 30 0:31 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory");
        machine.Group1("sys/fs/cgroup/memory", 256 * MiB, 6 * MiB);
        machine.Group1("sys/fs/cgroup/memory/inner", 300 * MiB, 6 * MiB);

        Assert.That(machine.Room, Is.EqualTo(new MemoryRoom(250 * MiB, 256 * MiB, "memory.limit_in_bytes", "/docker/abc")));
    }

    // With a namespace of its own, a process that was moved out of it, and a mount of a part that it is not in: the top of what is mounted.
    [TestCase("0::/\n", "/")]
    [TestCase("0::/../other\n", "/")]
    [TestCase("0::/kubepods/pod7/c\n", "/")]
    [TestCase("0::/kubepods/pod7/c\n", "/elsewhere")]
    public void Where_path_and_mount_do_not_fit_the_top_of_the_mount_is_the_container(string cgroup, string root)
    {
        using FakeMachine machine = new(10_000);
        machine.Place(cgroup, $"30 22 0:27 {root} /sys/fs/cgroup rw - cgroup2 cgroup2 rw");
        machine.Group2("sys/fs/cgroup", FakeMachine.Text(256 * MiB), 6 * MiB);

        Assert.That(machine.Room.Bytes, Is.EqualTo(250 * MiB));
    }

    [Test]
    public void Of_several_mounts_the_one_that_leads_to_the_group_is_used_and_names_may_have_spaces()
    {
        using FakeMachine machine = new(10_000);
        machine.Place(
            "0::/my app/x\n",
            @"30 22 0:27 /elsewhere /mnt/first rw - cgroup2 cgroup2 rw",
            @"31 22 0:27 /my\040app /mnt/a\040b rw - cgroup2 cgroup2 rw");
        machine.Group2("mnt/first", FakeMachine.Text(1 * MiB), 0);
        machine.Group2("mnt/a b/x", FakeMachine.Text(256 * MiB), 6 * MiB);

        Assert.That((machine.Room.Bytes, machine.Room.Group), Is.EqualTo((250 * MiB, "/my app/x")));
    }

    [Test]
    public void A_process_that_is_moved_is_found_where_it_is()
    {
        using FakeMachine machine = new(10_000);
        machine.Place("0::/a\n", Mount2);
        machine.Group2("sys/fs/cgroup/a", FakeMachine.Text(256 * MiB), 0);
        machine.Group2("sys/fs/cgroup/b", FakeMachine.Text(128 * MiB), 0);
        Assert.That(machine.Room.Bytes, Is.EqualTo(256 * MiB));

        machine.Place("0::/b\n", Mount2);
        Assert.That(machine.Room.Bytes, Is.EqualTo(128 * MiB));
    }

    [Test]
    public void Odd_groups_say_nothing()
    {
        using FakeMachine machine = new(10_000);
        machine.Place("0::/a/b\n::\n:\n7:memory\n", Mount2, "", "1 2 3", "a - cgroup2", "30 22 0:27 / /nowhere rw - cgroup cgroup rw,memory");
        machine.Group2("sys/fs/cgroup/a/b", "lots", -5);
        machine.Group2("sys/fs/cgroup/a", "18446744073709551615", 5, high: "-1");
        Assert.That(machine.Room.Bytes, Is.EqualTo(10_000 * MiB));

        machine.Group2("sys/fs/cgroup/a/b", FakeMachine.Text(256 * MiB), 0);
        machine.Delete("sys/fs/cgroup/a/b/memory.current");
        machine.Delete("sys/fs/cgroup/a/b/memory.stat");
        Assert.That(machine.Room.Bytes, Is.EqualTo(256 * MiB));
    }

    [Test]
    public void A_look_allocates_nothing_and_leaves_nothing_open()
    {
        using FakeMachine machine = new(10_000);
        machine.Place("0::/a\n", Mount2);
        machine.Group2("sys/fs/cgroup/a", FakeMachine.Text(256 * MiB), 0);
        MemoryRoom room = machine.Room;
        machine.Memory.TouchedBytes();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
        {
            room = room.Tighter(machine.Memory.Look());
            machine.Memory.TouchedBytes();
        }

        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
        Assert.That(
            Directory.GetFiles("/proc/self/fd").Count(link => (new FileInfo(link).LinkTarget ?? "").Contains("magalloc-machine-", StringComparison.Ordinal)), Is.Zero);
        Assert.That(room.Bytes, Is.EqualTo(256 * MiB));
    }

    [Test]
    public void Limits_that_the_kernel_answers_for_itself_are_named()
    {
        using FakeMachine machine = new(10_000);
        string without = machine.Memory.DescribeRefusals();
        machine.Write("proc/meminfo", "CommitLimit:  900 kB\nCommitted_AS:  500 kB\n");
        Assert.That(machine.Memory.DescribeRefusals(), Is.EqualTo(without), "the kernel overcommits");

        machine.Write("proc/sys/vm/overcommit_memory", "2\n");
        Assert.That(machine.Memory.DescribeRefusals(), Does.EndWith("of CommitLimit 409600 bytes are left"));
    }

    [Test]
    public void This_machine_says_what_it_has()
    {
        MemoryRoom room = SystemMemory.Instance.Look();

        Assert.That(room.Bytes, Is.InRange(1, room.Most + (1L << 40)));
        Assert.That(room.Limit, Is.Not.Null);
        Assert.That(SystemMemory.Instance.ContainerBytes(), Is.InRange(64 * MiB, 1L << 50));
        Assert.That(SystemMemory.Instance.TouchedBytes(), Is.InRange(1, room.Most));
    }
}
