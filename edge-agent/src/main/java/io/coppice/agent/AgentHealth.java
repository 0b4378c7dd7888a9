package io.coppice.agent;

import io.micronaut.context.annotation.Requires;
import io.micronaut.core.async.publisher.Publishers;
import io.micronaut.health.HealthStatus;
import io.micronaut.management.health.indicator.HealthIndicator;
import io.micronaut.management.health.indicator.HealthResult;
import io.micronaut.management.health.indicator.annotation.Readiness;
import jakarta.inject.Singleton;
import java.util.Map;
import org.reactivestreams.Publisher;

/** Ready while the agent is doing its work or waiting for some. */
@Singleton
@Requires(beans = AgentRunner.class)
@Readiness
class AgentHealth implements HealthIndicator {

  private final AgentRunner runner;

  AgentHealth(AgentRunner runner) {
    this.runner = runner;
  }

  @Override
  public Publisher<HealthResult> getResult() {
    boolean up = runner.fault().isEmpty();
    return Publishers.just(
        HealthResult.builder("agent", up ? HealthStatus.UP : HealthStatus.DOWN)
            .details(Map.of("phase", runner.phase().name(), "fault", runner.fault().orElse("")))
            .build());
  }
}
