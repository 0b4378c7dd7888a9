package io.coppice.pruning;

import io.coppice.learning.model.Mask;
import io.coppice.replay.IgnoredRecord;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.Collection;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * What the service tells Prometheus: rounds folded, density, decision time, evaluations, traffic, ignored records. The figures of a
 * run go when the run goes to another instance, and a while after the work on it is done.
 */
final class ServiceMetrics {

  /** So long figures stay of a run that nothing works on any more, so that the last ones are scraped. */
  static final Duration SHOWN_AFTER_END = Duration.ofMinutes(15);

  private final MeterRegistry registry;
  private final Map<String, RunFigures> runs = new ConcurrentHashMap<>();

  ServiceMetrics(MeterRegistry registry) {
    this.registry = registry;
  }

  /** The ledger says that a round is closed. */
  void closed(String runId, int round) {
    run(runId).closed(round);
  }

  /** The model is that after a round. */
  void folded(String runId, int round) {
    run(runId).folded(round);
  }

  /** The log has a mask, be it from this instance or from another. */
  void published(String runId, int version, Mask mask) {
    RunFigures run = run(runId);
    run.set("coppice.mask.version", Tags.empty(), version);
    run.set("coppice.mask.density", Tags.empty(), mask.density());
    for (int l = 0; l < mask.layout().prunable().size(); l++) {
      String layer = mask.layout().prunable().get(l).layer();
      run.set("coppice.mask.layer.density", Tags.of("layer", layer), mask.density(l));
    }
  }

  void decided(String runId, long nanos) {
    run(runId).timer("coppice.mask.decision").record(nanos, TimeUnit.NANOSECONDS);
  }

  /** The log has an evaluation, be it from this instance or from another. */
  void evaluated(String runId, int round, double accuracy, double loss) {
    RunFigures run = run(runId);
    run.set("coppice.evaluation.round", Tags.empty(), round);
    run.set("coppice.evaluation.accuracy", Tags.empty(), accuracy);
    run.set("coppice.evaluation.loss", Tags.empty(), loss);
  }

  /**
   * What was read and written for a run since it was last told, and how much of the log is not read yet.
   *
   * @param lag records
   * @param bytesUp masks and checkpoints
   * @param bytesDown aggregates, masks and checkpoints
   */
  void traffic(String runId, long lag, long bytesUp, long bytesDown) {
    RunFigures run = run(runId);
    run.set("coppice.pruning.lag.records", Tags.empty(), (double) lag);
    run.bytes("up").increment((double) bytesUp);
    run.bytes("down").increment((double) bytesDown);
  }

  /** A record of the log does not hold, and is left out. */
  void ignored(IgnoredRecord record) {
    registry
        .counter(
            "coppice.records.ignored",
            "topic",
            record.at().topic().suffix(),
            "reason",
            record.reason().name().toLowerCase(Locale.ROOT))
        .increment();
  }

  /** Takes away the figures of a run that goes to another instance. */
  void forget(String runId) {
    RunFigures run = runs.remove(runId);
    if (run != null) {
      run.close();
    }
  }

  /** Takes away the figures of runs that have not been worked on for a quarter of an hour. */
  void forgetAllBut(Collection<String> active) {
    long now = registry.config().clock().monotonicTime();
    runs.forEach(
        (runId, run) -> {
          if (active.contains(runId)) {
            run.activeAt = now;
          } else if (now - run.activeAt > SHOWN_AFTER_END.toNanos()) {
            forget(runId);
          }
        });
  }

  private RunFigures run(String runId) {
    return runs.computeIfAbsent(runId, RunFigures::new);
  }

  /** The figures of one run; told by its keeper and its evaluator. */
  private final class RunFigures {
    private final Tags tags;
    private final Map<Meter.Id, Meter> meters = new ConcurrentHashMap<>();
    private final Map<String, Level> levels = new ConcurrentHashMap<>();
    private volatile long activeAt = registry.config().clock().monotonicTime();
    private volatile int closedRound = Integer.MIN_VALUE;
    private volatile int foldedRound = Integer.MIN_VALUE;

    RunFigures(String runId) {
      this.tags = Tags.of("run", runId);
    }

    void closed(int round) {
      closedRound = round;
      showBehind();
    }

    void folded(int round) {
      foldedRound = round;
      set("coppice.round.folded", Tags.empty(), round);
      showBehind();
    }

    private void showBehind() {
      if (foldedRound != Integer.MIN_VALUE) {
        set(
            "coppice.round.behind",
            Tags.empty(),
            Math.max(0.0, (double) closedRound - foldedRound));
      }
    }

    void set(String name, Tags more, double value) {
      levels.computeIfAbsent(
                  name + more,
                  k -> {
                    Level level = new Level();
                    own(
                        Gauge.builder(name, level, l -> l.value)
                            .tags(tags.and(more))
                            .strongReference(true)
                            .register(registry));
                    return level;
                  })
              .value =
          value;
    }

    Timer timer(String name) {
      return own(registry.timer(name, tags));
    }

    Counter bytes(String direction) {
      return own(registry.counter("coppice.pruning.bytes", tags.and("direction", direction)));
    }

    private <M extends Meter> M own(M meter) {
      meters.putIfAbsent(meter.getId(), meter);
      return meter;
    }

    void close() {
      meters.values().forEach(registry::remove);
    }
  }

  private static final class Level {
    private volatile double value = Double.NaN;
  }
}
