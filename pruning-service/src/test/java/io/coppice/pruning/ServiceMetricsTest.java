package io.coppice.pruning;

import static org.assertj.core.api.Assertions.assertThat;

import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterLayout;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MockClock;
import io.micrometer.core.instrument.simple.SimpleConfig;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ServiceMetricsTest {

  private static final ParameterLayout LAYOUT = PolicyRun.layout(100, 20);

  private final MockClock clock = new MockClock();
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry(SimpleConfig.DEFAULT, clock);
  private final ServiceMetrics metrics = new ServiceMetrics(registry);

  private double gauge(String name, String... tags) {
    return registry.get(name).tags(tags).gauge().value();
  }

  private List<Meter> metersOf(String runId) {
    return registry.getMeters().stream()
        .filter(meter -> runId.equals(meter.getId().getTag("run")))
        .toList();
  }

  @Test
  void aMaskShowsItsDensityByLayer() {
    metrics.published("a", 3, Mask.full(LAYOUT));
    assertThat(gauge("coppice.mask.version", "run", "a")).isEqualTo(3);
    assertThat(gauge("coppice.mask.density", "run", "a")).isEqualTo(1);
    assertThat(registry.get("coppice.mask.layer.density").tag("run", "a").gauges())
        .hasSize(LAYOUT.prunable().size())
        .allMatch(gauge -> gauge.value() == 1);
  }

  @Test
  void theModelIsBehindByTheClosedRoundsThatItHasNot() {
    metrics.closed("a", 0);
    assertThat(registry.find("coppice.round.behind").gauge()).as("no model yet").isNull();
    metrics.folded("a", -1);
    assertThat(gauge("coppice.round.behind")).isEqualTo(1);
    metrics.closed("a", 4);
    metrics.folded("a", 2);
    assertThat(gauge("coppice.round.behind")).isEqualTo(2);
    metrics.folded("b", 5);
    assertThat(gauge("coppice.round.behind", "run", "b")).as("nothing is closed").isZero();
  }

  @Test
  void trafficAddsUp() {
    metrics.traffic("a", 7, 100, 1000);
    metrics.traffic("a", 5, 10, 0);
    assertThat(gauge("coppice.pruning.lag.records")).isEqualTo(5);
    assertThat(registry.get("coppice.pruning.bytes").tag("direction", "up").counter().count())
        .isEqualTo(110);
    assertThat(registry.get("coppice.pruning.bytes").tag("direction", "down").counter().count())
        .isEqualTo(1000);
  }

  @Test
  void theFiguresOfARunGoWithTheRunAndSomeTimeAfterItsEnd() {
    metrics.evaluated("moved", 2, 0.5, 1.5);
    metrics.evaluated("over", 2, 0.5, 1.5);
    metrics.decided("over", 1_000_000);
    metrics.traffic("over", 0, 1, 1);
    metrics.evaluated("going-on", 2, 0.5, 1.5);
    metrics.forget("moved");
    assertThat(metersOf("moved")).isEmpty();

    clock.add(ServiceMetrics.SHOWN_AFTER_END.minusSeconds(1));
    metrics.forgetAllBut(Set.of("going-on"));
    assertThat(metersOf("over")).hasSize(3 + 1 + 3);
    clock.add(Duration.ofSeconds(2));
    metrics.forgetAllBut(Set.of("going-on"));
    assertThat(metersOf("over")).isEmpty();
    assertThat(metersOf("going-on")).hasSize(3);
    assertThat(gauge("coppice.evaluation.loss", "run", "going-on")).isEqualTo(1.5);
  }
}
