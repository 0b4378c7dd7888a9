package io.coppice.aggregator.observe;

import io.coppice.schemas.RejectReason;
import io.coppice.schemas.Topic;
import io.coppice.schemas.TrainingRun;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What an instance of the aggregator shows of itself: figures for Prometheus, and faults for its health check. It is told by the
 * tasks and never asked by them, and whatever goes wrong here is logged and stops nothing.
 *
 * <p>Figures are counted when a record is processed. A transaction that is aborted and begun anew counts again, so they are good
 * for graphs and alerts; what holds is the log.
 */
public final class Telemetry {

  /** Wall-clock time between two looks for figures that nobody needs any more. */
  public static final Duration SWEEP = Duration.ofMinutes(1);

  private static final Logger log = LoggerFactory.getLogger(Telemetry.class);

  private final MeterRegistry registry;
  private final Map<String, String> faults = new ConcurrentSkipListMap<>();
  private final Counter threadsReplaced;
  private final AtomicBoolean broken = new AtomicBoolean();

  /**
   * @param registry takes the figures
   */
  public Telemetry(MeterRegistry registry) {
    this.registry = registry;
    this.threadsReplaced =
        Counter.builder("coppice.aggregator.threads.replaced")
            .description("Stream threads that failed for a passing reason and were replaced")
            .register(registry);
    Gauge.builder("coppice.aggregator.faults", faults, Map::size)
        .description("Faults that keep a round from being closed")
        .strongReference(true)
        .register(registry);
  }

  /**
   * Shows whether the instance does its share of the work.
   *
   * @param running whether it does now
   * @param shardPartitions partitions of the topics by shard, which all instances share
   */
  public void instance(BooleanSupplier running, int shardPartitions) {
    Gauge.builder("coppice.aggregator.running", () -> running.getAsBoolean() ? 1 : 0)
        .description(
            "1 while the instance processes its share, 0 while it rebalances, restores or has stopped")
        .strongReference(true)
        .register(registry);
    Gauge.builder("coppice.aggregator.shard.partitions", () -> shardPartitions)
        .description("Partitions of the topics by shard, which all instances share")
        .strongReference(true)
        .register(registry);
  }

  /**
   * Figures of one task of the round coordinator.
   *
   * @param definitions the run's definition, where it is known
   */
  public RoundMeters rounds(Function<String, Optional<TrainingRun>> definitions) {
    return new RoundMeters(this, definitions);
  }

  /** Figures of the shard aggregator's task for one partition. */
  public ShardMeters shards(int partition) {
    return new ShardMeters(this, partition);
  }

  /** A record was put into {@code rejects}. */
  public void recordRejected(Topic topic, RejectReason reason) {
    quietly(
        () ->
            Counter.builder("coppice.records.rejected")
                .description("Records that cannot be used and were put into the topic rejects")
                .tags("topic", topic.suffix(), "reason", label(reason))
                .register(registry)
                .increment());
  }

  /** A stream thread has failed for a passing reason. */
  public void threadReplaced() {
    threadsReplaced.increment();
  }

  /** What is wrong, one sentence each; empty while all is well. */
  public List<String> faults() {
    return List.copyOf(faults.values());
  }

  void fault(String key, String sentence) {
    faults.put(key, sentence);
  }

  void resolved(String key) {
    faults.remove(key);
  }

  void resolvedAll(String keyPrefix) {
    faults.keySet().removeIf(key -> key.startsWith(keyPrefix));
  }

  MeterRegistry registry() {
    return registry;
  }

  /** Nanoseconds of the registry's clock, for the age of figures. */
  long now() {
    return registry.config().clock().monotonicTime();
  }

  /** Does what only serves to show something. */
  void quietly(Runnable action) {
    try {
      action.run();
    } catch (RuntimeException e) {
      if (broken.compareAndSet(false, true)) {
        log.warn("Figures are missing from now on; this is said once: {}", e.getMessage(), e);
      }
    }
  }

  static String label(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }
}
