package io.coppice.aggregator.observe;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MockClock;
import io.micrometer.core.instrument.simple.SimpleConfig;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/** What an instance shows of itself and of its tasks. */
class TelemetryTest {

  private final MockClock clock = new MockClock();
  private final MeterRegistry figures = new SimpleMeterRegistry(SimpleConfig.DEFAULT, clock);
  private final Telemetry telemetry = new Telemetry(figures);

  private double gauge(String name) {
    return figures.get(name).gauge().value();
  }

  @Test
  void aFaultGoesWhenItsRoundIsClosedAndNoOther() {
    ShardMeters shards = telemetry.shards(0);
    shards.cannotClose("run-a", 1, "First.");
    shards.cannotClose("run-a", 11, "Second.");
    assertThat(gauge("coppice.aggregator.faults")).isEqualTo(2);
    shards.closed("run-a", 1);
    assertThat(telemetry.faults()).containsExactly("Second.");
    assertThat(gauge("coppice.aggregator.faults")).isEqualTo(1);
  }

  @Test
  void aTaskThatGoesTakesItsFaultsWithItAndNoOther() {
    ShardMeters one = telemetry.shards(1);
    one.cannotClose("run-a", 0, "Of partition 1.");
    telemetry.shards(11).cannotClose("run-a", 0, "Of partition 11.");
    one.close();
    assertThat(telemetry.faults()).containsExactly("Of partition 11.");
  }

  @Test
  void readingAgainIsTimedByItsCause() {
    telemetry.shards(0).reread(ShardMeters.Cause.REBUILD, 7, 250_000_000);
    var rebuild = figures.get("coppice.shard.reread").tag("cause", "rebuild").timer();
    assertThat(rebuild.count()).isEqualTo(1);
    assertThat(rebuild.totalTime(TimeUnit.MILLISECONDS)).isEqualTo(250);
    assertThat(figures.get("coppice.shard.reread").tag("cause", "close").timer().count()).isZero();
  }

  @Test
  void aRunOfWhichShardsStillComeKeepsItsFigures() {
    ShardMeters shards = telemetry.shards(0);
    shards.taken("idle", 10);
    shards.taken("busy", 10);
    clock.add(ShardMeters.IDLE);
    shards.taken("busy", 30);
    clock.addSeconds(1);
    shards.forgetIdleRuns();
    assertThat(figures.find("coppice.updates.bytes").tag("run", "idle").counter()).isNull();
    assertThat(figures.get("coppice.updates.bytes").tag("run", "busy").counter().count())
        .isEqualTo(40);
  }

  @Test
  void anInstanceShowsWhetherItRunsAndHowManyThreadsItHasReplaced() {
    AtomicBoolean running = new AtomicBoolean();
    telemetry.instance(running::get, 8);
    assertThat(gauge("coppice.aggregator.running")).isZero();
    running.set(true);
    assertThat(gauge("coppice.aggregator.running")).isEqualTo(1);
    assertThat(gauge("coppice.aggregator.shard.partitions")).isEqualTo(8);
    telemetry.threadReplaced();
    assertThat(figures.get("coppice.aggregator.threads.replaced").counter().count()).isEqualTo(1);
  }
}
