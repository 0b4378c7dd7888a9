package io.coppice.aggregator.observe;

import static io.coppice.aggregator.Ring.DEADLINE;
import static io.coppice.aggregator.Ring.PARAMETERS;
import static io.coppice.aggregator.Ring.RUN;
import static org.assertj.core.api.Assertions.assertThat;

import io.coppice.aggregator.Ring;
import io.coppice.aggregator.TestUpdate;
import io.coppice.schemas.RoundClosed;
import io.coppice.schemas.Topic;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the aggregator shows of a run, from its first round to some time after its end. */
class RunFiguresTest {

  @TempDir private Path directory;
  private Ring ring;

  @BeforeEach
  void open() {
    ring = new Ring(directory);
  }

  @AfterEach
  void close() {
    ring.close();
  }

  private void start() {
    ring.define(Ring.run(RUN));
    ring.publish(Ring.mask(RUN, 0, 0, 8));
    ring.join(RUN, "a", "b", "c");
  }

  private void submit(int round, String... agents) {
    for (String agent : agents) {
      ring.submit(update(round, agent));
    }
  }

  private TestUpdate update(int round, String agent) {
    return ring.update(RUN, agent, round, 20, new float[PARAMETERS]);
  }

  private double gauge(String name, String... tags) {
    return ring.figures.get(name).tags(Tags.of("run", RUN).and(tags)).gauge().value();
  }

  private double counter(String name, String... tags) {
    return ring.figures.get(name).tags(tags).counters().stream().mapToDouble(Counter::count).sum();
  }

  private Stream<Meter> metersOfTheRun() {
    return ring.figures.getMeters().stream()
        .filter(meter -> RUN.equals(meter.getId().getTag("run")));
  }

  @Test
  void anOpenRoundShowsWhoWasAskedAndWhoHasReported() {
    start();
    submit(0, "a");
    assertThat(gauge("coppice.run.phase", "phase", "round_open")).isEqualTo(1);
    assertThat(gauge("coppice.run.phase", "phase", "finished")).isZero();
    assertThat(gauge("coppice.run.agents")).isEqualTo(3);
    assertThat(gauge("coppice.run.rounds")).isEqualTo(3);
    assertThat(gauge("coppice.round.number")).isZero();
    assertThat(gauge("coppice.round.participants")).isEqualTo(3);
    assertThat(gauge("coppice.round.quorum")).isEqualTo(2);
    assertThat(gauge("coppice.round.admitted")).isEqualTo(1);
    assertThat(gauge("coppice.round.deadline.timestamp.seconds"))
        .isEqualTo(1000 + DEADLINE / 1000.0);
    assertThat(counter("coppice.updates.admitted")).isEqualTo(1);
    Gauge open = ring.figures.get("coppice.shard.rounds.open").gauge();
    assertThat(open.value()).isEqualTo(1);
    Gauge heap = ring.figures.get("coppice.shard.heap.values").gauge();
    assertThat(heap.value()).isEqualTo(PARAMETERS);
  }

  @Test
  void aClosedRoundShowsItsTimeItsContributorsAndItsBytes() {
    start();
    submit(0, "a", "b");
    ring.pass(2500);
    submit(0, "c");
    assertThat(counter("coppice.rounds.closed", "reason", "all_reported")).isEqualTo(1);
    assertThat(counter("coppice.rounds.closed", "reason", "deadline")).isZero();
    assertThat(gauge("coppice.round.contributors")).isEqualTo(3);
    Timer time = ring.figures.get("coppice.round.duration").timer();
    assertThat(time.count()).isEqualTo(1);
    assertThat(time.totalTime(TimeUnit.MILLISECONDS)).isEqualTo(2500);
    assertThat(ring.figures.get("coppice.round.aggregation").timer().count()).isEqualTo(1);
    assertThat(counter("coppice.updates.shards")).isEqualTo(9);
    assertThat(counter("coppice.updates.bytes")).isGreaterThan(9 * 60);
    assertThat(counter("coppice.aggregates.bytes")).isEqualTo(PARAMETERS * Float.BYTES);
    assertThat(ring.figures.get("coppice.shard.heap.values").gauge().value()).isZero();
  }

  @Test
  void aRoundWithoutItsQuorumAtTheDeadlineIsToldFromOneThatGoesOn() {
    start();
    submit(0, "a");
    ring.pass(DEADLINE + 2000);
    assertThat(gauge("coppice.run.phase", "phase", "round_open")).isEqualTo(1);
    assertThat(gauge("coppice.round.deadline.timestamp.seconds"))
        .as("it has passed")
        .isLessThan(1000 + (DEADLINE + 2000) / 1000.0);
    assertThat(counter("coppice.rounds.reopened")).as("there is nobody else").isZero();
    ring.join(RUN, "d");
    assertThat(counter("coppice.rounds.reopened")).isEqualTo(1);
    submit(0, "d");
    ring.pass(DEADLINE + 2000);
    assertThat(counter("coppice.rounds.closed", "reason", "deadline")).isEqualTo(1);
  }

  @Test
  void rejectionsAreCountedByReason() {
    start();
    submit(0, "a", "a");
    ring.submit(ring.update(RUN, "b", 0, 5000, new float[PARAMETERS]));
    ring.sendRaw(Topic.UPDATES, new byte[] {1}, new byte[] {2});
    ring.sendRaw(Topic.MASKS, new byte[] {1}, new byte[] {2});
    assertThat(counter("coppice.updates.rejected", "reason", "duplicate")).isEqualTo(1);
    assertThat(counter("coppice.updates.rejected", "reason", "bad_weight")).isEqualTo(1);
    assertThat(counter("coppice.updates.rejected", "reason", "non_finite")).isZero();
    assertThat(counter("coppice.records.rejected", "topic", "updates", "reason", "undecodable"))
        .isEqualTo(1);
    assertThat(counter("coppice.records.rejected", "topic", "masks", "reason", "undecodable"))
        .isEqualTo(1);
  }

  @Test
  void theFiguresOfAFinishedRunGoAWhileAfterItsEnd() {
    start();
    for (int round = 0; round < 3; round++) {
      submit(round, "a", "b", "c");
    }
    assertThat(gauge("coppice.run.phase", "phase", "finished")).isEqualTo(1);
    sweepAfter(RoundMeters.SHOWN_AFTER_END.minusSeconds(1));
    assertThat(ring.figures.find("coppice.round.number").gauges()).hasSize(1);
    sweepAfter(Duration.ofSeconds(2));
    assertThat(ring.figures.find("coppice.round.number").gauges()).isEmpty();
    sweepAfter(ShardMeters.IDLE);
    assertThat(metersOfTheRun()).isEmpty();
    submit(2, "a");
    assertThat(metersOfTheRun()).as("what comes too late does not bring them back").isEmpty();
  }

  private void sweepAfter(Duration time) {
    ring.clock.add(time);
    ring.pass(Telemetry.SWEEP.toMillis());
  }

  @Test
  void aTaskThatGoesTakesItsFiguresWithIt() {
    start();
    submit(0, "a");
    assertThat(metersOfTheRun()).isNotEmpty();
    ring.close();
    assertThat(metersOfTheRun()).isEmpty();
    assertThat(ring.figures.find("coppice.shard.rounds.open").gauges()).isEmpty();
    ring = new Ring(directory);
  }

  @Test
  void figuresThatCannotBeShownDoNotStopARun() {
    Counter.builder("coppice.run.phase")
        .tags("run", RUN, "phase", "starting")
        .register(ring.figures);
    Gauge.builder("coppice.updates.shards", () -> 1)
        .tags("run", RUN, "partition", "0")
        .register(ring.figures);
    start();
    submit(0, "a", "b", "c");
    assertThat(ring.events(RoundClosed.class)).hasSize(1);
    assertThat(ring.aggregates()).isNotEmpty();
  }
}
