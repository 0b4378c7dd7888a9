package io.coppice.agent;

import io.micronaut.context.annotation.Requires;
import io.micronaut.core.async.publisher.Publishers;
import io.micronaut.health.HealthStatus;
import io.micronaut.management.health.indicator.HealthIndicator;
import io.micronaut.management.health.indicator.HealthResult;
import io.micronaut.management.health.indicator.annotation.Readiness;
import jakarta.inject.Singleton;
import java.util.Map;
import java.util.TreeMap;
import org.reactivestreams.Publisher;

/** Ready while the agent is doing its work or waiting for some. */
@Singleton
@Requires(beans = AgentRuns.class)
@Readiness
class AgentHealth implements HealthIndicator {

  private final AgentRuns agent;

  AgentHealth(AgentRuns agent) {
    this.agent = agent;
  }

  @Override
  public Publisher<HealthResult> getResult() {
    boolean up = agent.fault().isEmpty();
    Map<String, String> phases = new TreeMap<>();
    agent.phases().forEach((runId, phase) -> phases.put(runId, phase.name()));
    return Publishers.just(
        HealthResult.builder("agent", up ? HealthStatus.UP : HealthStatus.DOWN)
            .details(Map.of("runs", phases, "fault", agent.fault().orElse("")))
            .build());
  }
}
