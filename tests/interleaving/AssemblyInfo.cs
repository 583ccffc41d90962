// One exploration uses one processor.
[assembly: Parallelizable(ParallelScope.Fixtures)]
