namespace MagAlloc.Stress.InitSweep;

/// <summary>
/// Something that is built from fallible steps. <paramref name="Attempt"/> builds it, uses it and releases it under a plan
/// (null: nothing fails). It throws what the component throws; what the component got wrong beyond that, it throws as an
/// <see cref="InvalidOperationException"/>. <paramref name="MakeTwin"/> makes another one, with the same name.
/// </summary>
internal sealed record InitScenario(string Name, string What, Action<FaultPlan?> Attempt, Func<Twin> MakeTwin);
