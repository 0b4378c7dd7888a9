package io.coppice.pruning;

import io.micronaut.context.annotation.Requires;
import io.micronaut.core.async.publisher.Publishers;
import io.micronaut.health.HealthStatus;
import io.micronaut.management.health.indicator.HealthIndicator;
import io.micronaut.management.health.indicator.HealthResult;
import io.micronaut.management.health.indicator.annotation.Readiness;
import jakarta.inject.Singleton;
import java.util.Map;
import org.reactivestreams.Publisher;

/** Ready once the group has given the instance its share of the runs, and while no run is stuck. */
@Singleton
@Requires(beans = PruningService.class)
@Readiness
class PruningHealth implements HealthIndicator {

  private final PruningService service;

  PruningHealth(PruningService service) {
    this.service = service;
  }

  @Override
  public Publisher<HealthResult> getResult() {
    boolean up = service.isReady() && service.faults().isEmpty();
    return Publishers.just(
        HealthResult.builder("pruning", up ? HealthStatus.UP : HealthStatus.DOWN)
            .details(Map.of("activeRuns", service.activeRuns(), "faults", service.faults()))
            .build());
  }
}
