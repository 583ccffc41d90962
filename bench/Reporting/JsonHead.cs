using System.Text.Json.Serialization;
using MagAlloc.Bench.Measurement;

namespace MagAlloc.Bench.Reporting;

/// <summary>
/// What every measuring command's JSON begins with: the command, the machine, the pace. Names of properties are the keys, and part of the program's
/// contract, here and in all that are derived: add, never rename.
/// </summary>
internal abstract class JsonHead(string command, Pace pace)
{
    [JsonPropertyOrder(-1)]
    public string Command => command;

    [JsonPropertyOrder(-1)]
    public string Runtime => Machine.Runtime;

    [JsonPropertyOrder(-1)]
    public string System => Machine.System;

    [JsonPropertyOrder(-1)]
    public string? Processor => Machine.Processor;

    [JsonPropertyOrder(-1)]
    public int Processors => Environment.ProcessorCount;

    [JsonPropertyOrder(-1)]
    public string Pace => pace.Name;

    [JsonPropertyOrder(-1)]
    public int Rounds => pace.Rounds;
}
