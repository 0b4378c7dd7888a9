package io.coppice.agent;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;

/** What an agent tells Prometheus: rounds, training time, bytes, rejections, density. */
public final class AgentMetrics {

  private final MeterRegistry registry;
  private final Tags tags;
  private final AtomicInteger submittedRound;
  private final AtomicInteger foldedRound;
  private volatile double density = 1;

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

  void submitted(double trainSeconds, long bytesUp, long bytesDown, int round) {
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

  void rejected(String reason) {
    registry.counter("coppice.agent.rejected", tags.and("reason", reason)).increment();
  }
}
