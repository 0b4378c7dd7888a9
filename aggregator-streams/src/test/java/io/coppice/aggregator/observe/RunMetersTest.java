package io.coppice.aggregator.observe;

import static io.coppice.aggregator.Ring.DEADLINE;
import static io.coppice.aggregator.Ring.RUN;
import static org.assertj.core.api.Assertions.assertThat;

import io.coppice.aggregator.Ring;
import io.coppice.aggregator.state.Phase;
import io.coppice.aggregator.state.RunProgress;
import io.coppice.schemas.CloseReason;
import io.coppice.schemas.LedgerEntry;
import io.coppice.schemas.RoundClosed;
import io.coppice.schemas.TensorEncoding;
import io.coppice.schemas.TrainingRun;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Figures of a run that has come from elsewhere, and of what the topology's own tests do not bring about. */
class RunMetersTest {

  private static final ByteBuffer NONE = ByteBuffer.allocate(0);

  private final MeterRegistry figures = new SimpleMeterRegistry();
  private final TrainingRun run = Ring.run(RUN);
  private final RoundMeters meters = new Telemetry(figures).rounds(id -> Optional.of(run));

  private static RunProgress.Builder progress(int round) {
    return RunProgress.newBuilder()
        .setPhase(Phase.ROUND_OPEN)
        .setRound(round)
        .setMaskVersion(3)
        .setImportance(false)
        .setJoined(9)
        .setParticipants(8)
        .setAdmitted(5)
        .setRejected(2)
        .setDue(false)
        .setLastDigest(NONE);
  }

  private static LedgerEntry closed(int round, long at) {
    return new LedgerEntry(
        RUN,
        new RoundClosed(
            round,
            0,
            false,
            CloseReason.ALL_REPORTED,
            List.of(),
            1,
            0,
            TensorEncoding.FLOAT32,
            Instant.ofEpochMilli(at),
            NONE,
            NONE,
            NONE,
            NONE,
            NONE));
  }

  private double gauge(String name) {
    return figures.get(name).gauge().value();
  }

  private Timer timer(String name) {
    return figures.get(name).timer();
  }

  @Test
  void everyFigureOfARoundIsItsOwn() {
    meters.progressed(RUN, progress(7).build());
    assertThat(gauge("coppice.round.number")).isEqualTo(7);
    assertThat(gauge("coppice.round.mask.version")).isEqualTo(3);
    assertThat(gauge("coppice.run.agents")).isEqualTo(9);
    assertThat(gauge("coppice.round.participants")).isEqualTo(8);
    assertThat(gauge("coppice.round.admitted")).isEqualTo(5);
    assertThat(gauge("coppice.round.rejected")).isEqualTo(2);
    assertThat(gauge("coppice.round.deadline.timestamp.seconds")).isNaN();
  }

  @Test
  void aRoundThatIsFoundOpenIsTimedFromItsOpening() {
    meters.found(RUN, progress(1).setDeadlineAt(50_000 + DEADLINE).build());
    meters.written(closed(1, 52_500), 52_500);
    assertThat(timer("coppice.round.duration").totalTime(TimeUnit.MILLISECONDS)).isEqualTo(2500);
  }

  @Test
  void initialPruningHasADeadlineOfItsOwn() {
    run.setInitialPruning(Ring.initialPruning());
    long deadline = run.getInitialPruning().getDeadlineMillis();
    assertThat(deadline).isNotEqualTo(DEADLINE);
    meters.found(RUN, progress(-1).setDeadlineAt(50_000 + deadline).build());
    meters.written(closed(-1, 52_500), 52_500);
    assertThat(timer("coppice.round.duration").totalTime(TimeUnit.MILLISECONDS)).isEqualTo(2500);
  }

  @Test
  void aggregationIsTimedOnceFromTheClosingOfTheRound() {
    meters.found(RUN, progress(1).build());
    meters.written(closed(1, 52_500), 52_500);
    meters.aggregated(RUN, 52_800);
    meters.aggregated(RUN, 60_000);
    assertThat(timer("coppice.round.aggregation").count()).isEqualTo(1);
    assertThat(timer("coppice.round.aggregation").totalTime(TimeUnit.MILLISECONDS)).isEqualTo(300);
  }

  @Test
  void aRunThatWasOverBeforeItCameIsNotShown() {
    meters.found(RUN, progress(2).setPhase(Phase.FINISHED).build());
    assertThat(figures.find("coppice.round.number").gauge()).isNull();
  }
}
