package io.coppice.agent;

import io.coppice.learning.engine.Network;
import io.coppice.learning.model.ParameterLayout;
import io.coppice.replay.IgnoredRecord;
import io.coppice.schemas.CostProfile;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntSupplier;
import java.util.function.Supplier;

/** What an agent tells Prometheus: what it does, rounds, training, bytes, lag, rejections, density, and what it has measured of its device. */
public final class AgentMetrics {

  private final MeterRegistry registry;
  private final Tags tags;
  private final AtomicInteger submittedRound;
  private final AtomicInteger foldedRound;
  private final Map<String, AtomicInteger> sparse = new HashMap<>();
  private final Map<String, AtomicReference<Double>> levels = new ConcurrentHashMap<>();
  private volatile double density = 1;
  private volatile long lag;

  /**
   * @param agentId tags every figure
   */
  public AgentMetrics(MeterRegistry registry, String agentId) {
    this.registry = registry;
    this.tags = Tags.of("agent", agentId);
    this.submittedRound =
        registry.gauge("coppice.agent.round.submitted", tags, new AtomicInteger(-1));
    this.foldedRound = registry.gauge("coppice.agent.round.folded", tags, new AtomicInteger(-1));
    registry.gauge("coppice.agent.density", tags, this, metrics -> metrics.density);
  }

  /** Shows what the agent is doing, by whoever runs it. */
  void show(Supplier<EdgeAgent.Phase> phase, IntSupplier failures) {
    for (EdgeAgent.Phase each : EdgeAgent.Phase.values()) {
      Gauge.builder("coppice.agent.phase", () -> phase.get() == each ? 1 : 0)
          .tags(tags.and("phase", each.name().toLowerCase(Locale.ROOT)))
          .strongReference(true)
          .register(registry);
    }
    FunctionCounter.builder("coppice.agent.failures", failures, IntSupplier::getAsInt)
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
}
