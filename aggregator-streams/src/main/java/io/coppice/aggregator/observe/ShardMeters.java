package io.coppice.aggregator.observe;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Figures of the shard aggregator's task for one partition; used by the task's thread. */
public final class ShardMeters implements AutoCloseable {

  /** A run of which so long no shard has come is shown no more; the next one begins it anew. */
  static final Duration IDLE = Duration.ofHours(1);

  /** Why records are read again. */
  public enum Cause {
    /** The sums of open rounds are made again after a start, a crash or a rebalance. */
    REBUILD,
    /** A round was closed with other contributors than its sum on the heap was made of. */
    CLOSE
  }

  private final Telemetry telemetry;
  private final String partition;
  private final MeterSet meters;
  private final Map<String, RunBytes> runs = new HashMap<>();
  private final Map<Cause, Timer> rereads = new EnumMap<>(Cause.class);
  private final Map<Cause, Counter> rereadRecords = new EnumMap<>(Cause.class);
  private Level openRounds = new Level();
  private Level heapValues = new Level();

  ShardMeters(Telemetry telemetry, int partition) {
    this.telemetry = telemetry;
    this.partition = String.valueOf(partition);
    this.meters = new MeterSet(telemetry.registry(), "partition", this.partition);
    telemetry.quietly(this::register);
    onHeap(0, 0);
  }

  private void register() {
    openRounds =
        meters.level(
            "coppice.shard.rounds.open", "Rounds of which the partition's task holds shards");
    heapValues =
        meters.level(
            "coppice.shard.heap.values", "Values, 8 bytes each, in the sums on the task's heap");
    for (Cause cause : Cause.values()) {
      rereads.put(
          cause,
          meters.timer(
              "coppice.shard.reread",
              "Time to read records again",
              "cause",
              Telemetry.label(cause)));
      rereadRecords.put(
          cause,
          meters.counter(
              "coppice.shard.reread.records",
              "Records that were read again",
              "cause",
              Telemetry.label(cause)));
    }
  }

  /**
   * A shard was taken into a round.
   *
   * @param bytes of its record's value
   */
  public void taken(String runId, long bytes) {
    telemetry.quietly(
        () -> {
          RunBytes run = run(runId);
          run.shards.increment();
          run.updateBytes.increment((double) bytes);
        });
  }

  /**
   * A shard of an aggregate was written.
   *
   * @param bytes of its encoded values
   */
  public void written(String runId, long bytes) {
    telemetry.quietly(() -> run(runId).aggregateBytes.increment((double) bytes));
  }

  /** What the task holds now. */
  public void onHeap(int rounds, long values) {
    openRounds.set(rounds);
    heapValues.set((double) values);
  }

  /** Records were read again. */
  public void reread(Cause cause, long records, long nanos) {
    telemetry.quietly(
        () -> {
          rereads.get(cause).record(nanos, TimeUnit.NANOSECONDS);
          rereadRecords.get(cause).increment((double) records);
        });
  }

  /** A round cannot be closed here, so the run goes no further: shown by the health check until the round is closed after all. */
  public void cannotClose(String runId, int round, String sentence) {
    telemetry.fault(key(runId, round), sentence);
  }

  /** A round was closed here. */
  public void closed(String runId, int round) {
    telemetry.resolved(key(runId, round));
  }

  /** Takes away the figures of runs that have nothing to show for an hour. */
  public void forgetIdleRuns() {
    long since = telemetry.now() - IDLE.toNanos();
    runs.values()
        .removeIf(
            run -> {
              boolean idle = run.usedAt - since < 0;
              if (idle) {
                telemetry.quietly(run.meters::close);
              }
              return idle;
            });
  }

  private RunBytes run(String runId) {
    RunBytes run = runs.computeIfAbsent(runId, RunBytes::new);
    run.usedAt = telemetry.now();
    return run;
  }

  private String key(String runId, int round) {
    return partition + "/" + runId + "/" + round;
  }

  /** Takes away everything: the task ends, or goes to another instance. */
  @Override
  public void close() {
    telemetry.resolvedAll(partition + "/");
    telemetry.quietly(
        () -> {
          runs.values().forEach(run -> run.meters.close());
          runs.clear();
          meters.close();
        });
  }

  private final class RunBytes {
    private final MeterSet meters;
    private final Counter shards;
    private final Counter updateBytes;
    private final Counter aggregateBytes;
    private long usedAt;

    RunBytes(String runId) {
      meters = new MeterSet(telemetry.registry(), "run", runId, "partition", partition);
      shards = meters.counter("coppice.updates.shards", "Shards of updates that were taken");
      updateBytes = meters.counter("coppice.updates.bytes", "Bytes of the shards that were taken");
      aggregateBytes =
          meters.counter("coppice.aggregates.bytes", "Bytes of values of the aggregates written");
    }
  }
}
