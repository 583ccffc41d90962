using Microsoft.Diagnostics.Tracing;
using Microsoft.Diagnostics.Tracing.Etlx;
using Microsoft.Diagnostics.Tracing.Parsers.Clr;

namespace MagAlloc.Tool.Analysis.Reading;

/// <summary>Reads a trace from its first to its last event and builds the model. One use.</summary>
internal sealed class TraceReader(TraceFile file)
{
    private const string Engine = "MagAlloc";
    private const string Rundown = "Microsoft-Windows-DotNETRuntimeRundown";

    private readonly Dictionary<long, OwnerHistory> _owners = [];
    private readonly Dictionary<int, ThreadHistory> _threads = [];
    private readonly Dictionary<(long Owner, int Thread), double> _passBegins = [];
    private readonly Dictionary<int, (string Name, long Count)> _engineEvents = [];
    private readonly Dictionary<string, long> _faults = [];
    private readonly StackBook _stacks = new();
    private readonly PauseBook _pauses = new();
    private long _events;
    private double _lastSeconds;

    /// <summary>Events read so far; for the progress display of another thread.</summary>
    public long EventsRead => Volatile.Read(ref _events);

    public TraceModel Read(CancellationToken interruption)
    {
        foreach (TraceEvent data in file.Events())
        {
            Volatile.Write(ref _events, _events + 1);
            interruption.ThrowIfCancellationRequested();
            if (data.ProviderName == Engine)
                ReadEngine(data);
            else
                ReadRuntime(data);
            if (data.ProviderName != Rundown)
                _lastSeconds = Math.Max(_lastSeconds, data.TimeStampRelativeMSec / 1000);
        }

        TraceProcess? process = file.Log.Processes.FirstOrDefault();
        return new TraceModel
        {
            File = file.Path,
            FileBytes = new FileInfo(file.Path).Length,
            Cut = file.Cut,
            Process = process?.CommandLine is { Length: > 0 } commandLine ? commandLine : process?.Name ?? string.Empty,
            ProcessId = process?.ProcessID ?? 0,
            Start = file.Log.SessionStartTime,
            Duration = TimeSpan.FromSeconds(_lastSeconds),
            Events = _events,
            DroppedEvents = file.Log.EventsLost,
            EngineEvents = _engineEvents.OrderBy(pair => pair.Key).ToDictionary(pair => pair.Value.Name, pair => pair.Value.Count),
            Owners = [.. _owners.Values.OrderBy(owner => owner.Id)],
            Threads = [.. _threads.Values.OrderBy(thread => thread.Id)],
            GcPauses = _pauses.Pauses,
            Stacks = _stacks.Stacks(HeldBytes),
            Faults = _faults,
        };
    }

    private long? HeldBytes(long owner) => _owners[owner].Samples is { Count: > 0 } samples ? samples[^1].AllocatedBytes : null;

    private void ReadRuntime(TraceEvent data)
    {
        switch (data)
        {
            case GCSuspendEETraceData suspension:
                _pauses.SuspensionBegins(suspension);
                break;
            case GCStartTraceData start:
                _pauses.CollectionBegins(start.Depth);
                break;
            case GCNoUserDataTraceData when data.EventName == "GC/RestartEEStop":
                _pauses.ThreadsRunAgain(data.TimeStampRelativeMSec);
                break;
        }
    }

    private void ReadEngine(TraceEvent data)
    {
        int id = (int)data.ID;
        _engineEvents[id] = (data.EventName, _engineEvents.GetValueOrDefault(id).Count + 1);
        Payload payload = new(data);
        double seconds = data.TimeStampRelativeMSec / 1000;
        if (id == EventId.FaultInjected)
        {
            Count(_faults, payload.Text("point"));
            return;
        }

        // Schema errors of the source itself (id 0) have no owner.
        if (id < EventId.OwnerCreated || payload["owner"] is not (> 0 and var owner))
            return;
        switch (id)
        {
            case EventId.MagazineExchanged:
                // Written by that thread, or on its behalf. Traces of engines before version 1 of the event do not say whose they are.
                int thread = unchecked((int)payload["threadId"]);
                ReadThreadEvent(id, OwnerOf(owner), ThreadOf(thread != 0 ? thread : data.ThreadID, seconds), payload, seconds, data);
                break;
            case EventId.SlabClaimed or EventId.AllocationSampled:
                ReadThreadEvent(id, OwnerOf(owner), ThreadOf(data.ThreadID, seconds), payload, seconds, data);
                break;
            case EventId.ReclaimStart:
                _passBegins[(owner, data.ThreadID)] = seconds;
                break;
            case EventId.ReclaimStop:
                double begin = _passBegins.Remove((owner, data.ThreadID), out double known) ? known : seconds;
                OwnerOf(owner).Passes.Add(new ReclaimPass(begin, (seconds - begin) * 1000, payload["magazines"], payload["decommittedBytes"]));
                break;
            case >= EventId.BufferCreated and <= EventId.BufferStatistics:
                ReadBufferEvent(id, OwnerOf(owner).AsBuffers(), payload, seconds);
                break;
            default:
                if (id == EventId.OwnerDisposed)
                    _stacks.OwnerEnded(owner);
                ReadOwnerEvent(id, OwnerOf(owner), payload, seconds, data.ThreadID);
                break;
        }
    }

    private void ReadThreadEvent(int id, OwnerHistory owner, ThreadHistory thread, Payload payload, double seconds, TraceEvent data)
    {
        switch (id)
        {
            case EventId.MagazineExchanged:
                long from = payload["fromDepot"];
                long to = payload["toDepot"];

                // An ended thread's cache may be brought home behind its owner's last figures.
                owner.ExchangesInEvents += owner.DisposedAt is null ? from + to : 0;
                thread.Exchanged(owner.Id, (int)payload["sizeClass"], seconds, from, to);
                break;
            case EventId.SlabClaimed:
                owner.SlabsClaimed++;
                thread.SlabsClaimed++;
                thread.SlabBytesClaimed += payload["bytes"];
                break;
            default:
                long weight = payload["weightBytes"];
                owner.SampledAllocations++;
                owner.SampledBytes += weight;
                thread.SampledAllocations++;
                thread.SampledBytes += weight;
                _stacks.Add(data.CallStackIndex(), data.CallStack(), owner.Id, payload["address"], weight);
                break;
        }
    }

    private static void ReadOwnerEvent(int id, OwnerHistory owner, Payload payload, double seconds, int thread)
    {
        switch (id)
        {
            case EventId.OwnerCreated:
                owner.Named(payload.Text("name"), payload.Text("kind"), seconds, thread);
                break;
            case EventId.OwnerDisposed:
                owner.DisposedAt = seconds;
                break;
            case EventId.SlabRetired:
                owner.SlabsRetired++;
                break;
            case EventId.Committed:
                owner.Commits.Add(new CommitPoint(seconds, payload["committedBytes"]));
                break;
            case EventId.Decommitted:
                owner.Commits.Add(new CommitPoint(seconds, payload["committedBytes"]));
                owner.DecommittedBytes += payload["bytes"];
                break;
            case EventId.Trimmed:
                owner.Trims++;
                owner.TrimmedBytes += payload["bytes"];
                break;
            case EventId.OutOfMemory:
                owner.OutOfMemory++;
                break;
            case EventId.MisuseFound:
                Count(owner.Misuses, payload.Text("kind"));
                break;
            case EventId.LeakFound:
                owner.Leaks++;
                owner.LeakedBytes += payload["bytes"];
                break;
            case EventId.OwnerStatistics:
                owner.Add(OwnerSample.Of(payload, seconds), thread);
                break;
            case EventId.ClassStatistics:
                owner.Add(new ClassSample(
                    seconds,
                    (int)payload["sizeClass"],
                    payload["blockBytes"],
                    payload["allocatedBlocks"],
                    payload["cachedBlocks"],
                    payload["slabs"],
                    payload["wasteBytes"]));
                break;
        }
    }

    private static void ReadBufferEvent(int id, BufferHistory buffers, Payload payload, double seconds)
    {
        switch (id)
        {
            case EventId.BufferCreated:
                buffers.Created++;
                break;
            case EventId.BufferReclaimed:
                buffers.Reclaims.Add(new BufferReclaim(seconds, payload["microseconds"] / 1000.0, payload["bytes"]));
                break;
            case EventId.ImporterGone:
                buffers.ImportersGone++;
                break;
            case EventId.QuotaExceeded:
                Count(buffers.Refusals, payload.Text("quota"));
                break;
            case EventId.BufferStatistics:
                buffers.Samples.Add(BufferSample.Of(payload, seconds));
                break;
        }
    }

    private static void Count(Dictionary<string, long> counts, string key) => counts[key] = counts.GetValueOrDefault(key) + 1;

    private OwnerHistory OwnerOf(long id)
    {
        if (!_owners.TryGetValue(id, out OwnerHistory? owner))
            _owners.Add(id, owner = new OwnerHistory(id));
        return owner;
    }

    private ThreadHistory ThreadOf(int id, double seconds)
    {
        if (!_threads.TryGetValue(id, out ThreadHistory? thread))
            _threads.Add(id, thread = new ThreadHistory(id));
        thread.Seen(seconds);
        return thread;
    }
}
