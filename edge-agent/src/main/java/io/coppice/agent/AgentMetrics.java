package io.coppice.agent;

import io.coppice.learning.engine.Network;
import io.coppice.learning.model.ParameterLayout;
import io.coppice.replay.IgnoredRecord;
import io.coppice.schemas.CostProfile;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntSupplier;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/**
 * What an agent tells Prometheus of a run: what it does, rounds, training, bytes, lag, rejections, density, and what it has
 * measured of its device.
 */
public final class AgentMetrics {

  private final MeterRegistry registry;
  private final Tags tags;
  private final AtomicInteger submittedRound;
  private final AtomicInteger foldedRound;
  private final Map<String, AtomicInteger> sparse = new HashMap<>();
  private final Map<String, AtomicReference<Double>> levels = new ConcurrentHashMap<>();
  private volatile double density = 1;
  private volatile long lag;
  private volatile IntSupplier failures = () -> 0;

  /**
   * @param agentId tags every figure
   * @param runId tags every figure, too
   */
  public AgentMetrics(MeterRegistry registry, String agentId, String runId) {
    this.registry = registry;
    this.tags = Tags.of("agent", agentId, "run", runId);
    this.submittedRound =
        registry.gauge("coppice.agent.round.submitted", tags, new AtomicInteger(-1));
    this.foldedRound = registry.gauge("coppice.agent.round.folded", tags, new AtomicInteger(-1));
    registry.gauge("coppice.agent.density", tags, this, metrics -> metrics.density);
  }

  /** How many runs an agent takes part in, or has taken part in last. */
  static <T> void countRuns(
      MeterRegistry registry, String agentId, T agent, ToDoubleFunction<T> runs) {
    registry.gauge("coppice.agent.runs", Tags.of("agent", agentId), agent, runs);
  }

  /** Shows what the agent is doing, by whoever runs it. */
  void show(Supplier<EdgeAgent.Phase> phase, IntSupplier failures) {
    this.failures = failures;
    for (EdgeAgent.Phase each : EdgeAgent.Phase.values()) {
      Gauge.builder("coppice.agent.phase", () -> phase.get() == each ? 1 : 0)
          .tags(tags.and("phase", each.name().toLowerCase(Locale.ROOT)))
          .strongReference(true)
          .register(registry);
    }
    // The registry holds what it counts weakly, so it is given this object, which the runner holds.
    FunctionCounter.builder("coppice.agent.failures", this, m -> m.failures.getAsInt())
        .tags(tags)
        .register(registry);
    Gauge.builder("coppice.agent.lag.records", () -> lag)
        .tags(tags)
        .strongReference(true)
        .register(registry);
  }

  /** Records of the log that the agent has not read yet. */
  void lag(long records) {
    lag = records;
  }

  /** The agent has evaluated the model on its hold-out. */
  void evaluated(double accuracy, double loss) {
    set("coppice.agent.evaluation.accuracy", accuracy);
    set("coppice.agent.evaluation.loss", loss);
  }

  void submitted(double trainSeconds, double trainLoss, long bytesUp, long bytesDown, int round) {
    set("coppice.agent.train.loss", trainLoss);
    registry
        .timer("coppice.agent.train", tags)
        .record(Duration.ofNanos((long) (trainSeconds * 1e9)));
    registry.counter("coppice.agent.bytes", tags.and("direction", "up")).increment(bytesUp);
    registry.counter("coppice.agent.bytes", tags.and("direction", "down")).increment(bytesDown);
    submittedRound.set(round);
  }

  void folded(int round, double maskDensity) {
    foldedRound.set(round);
    density = maskDensity;
  }

  void measured(ParameterLayout layout, CostProfile profile) {
    gauge("coppice.agent.cost.fixed.seconds", tags, profile.getFixedSeconds());
    gauge("coppice.agent.link.bytes.per.second", tags, profile.getBytesPerSecond());
    for (int l = 0; l < layout.prunable().size(); l++) {
      gauge(
          "coppice.agent.cost.weight.seconds",
          tags.and("layer", layout.prunable().get(l).layer()),
          profile.getComputationSecondsPerWeight().get(l));
    }
  }

  /** Per layer 1 if it was computed by its active weights, 0 if by ND4J. */
  void computed(List<Network.LayerChoice> choices) {
    for (Network.LayerChoice choice : choices) {
      sparse
          .computeIfAbsent(
              choice.layer(),
              layer ->
                  registry.gauge(
                      "coppice.agent.layer.sparse", tags.and("layer", layer), new AtomicInteger()))
          .set(choice.sparse() ? 1 : 0);
    }
  }

  private void set(String name, double value) {
    levels
        .computeIfAbsent(
            name,
            k -> {
              AtomicReference<Double> level = new AtomicReference<>(value);
              Gauge.builder(name, level, AtomicReference::get)
                  .tags(tags)
                  .strongReference(true)
                  .register(registry);
              return level;
            })
        .set(value);
  }

  /** A figure that stays: the registry holds the number itself. */
  private void gauge(String name, Tags ofFigure, Double value) {
    Gauge.builder(name, () -> value).tags(ofFigure).strongReference(true).register(registry);
  }

  /** A record of the log does not hold, and is left out. */
  void ignored(IgnoredRecord record) {
    registry
        .counter(
            "coppice.records.ignored",
            tags.and(
                "topic", record.at().topic().suffix(),
                "reason", record.reason().name().toLowerCase(Locale.ROOT)))
        .increment();
  }

  void rejected(String reason) {
    registry
        .counter("coppice.agent.rejected", tags.and("reason", reason.toLowerCase(Locale.ROOT)))
        .increment();
  }

  /** Takes back what was told of the run. */
  void forget() {
    Set<Tag> own = tags.stream().collect(Collectors.toSet());
    for (Meter meter : registry.getMeters()) {
      if (new HashSet<>(meter.getId().getTags()).containsAll(own)) {
        registry.remove(meter);
      }
    }
  }
}
