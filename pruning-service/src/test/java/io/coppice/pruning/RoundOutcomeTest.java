package io.coppice.pruning;

import static org.assertj.core.api.Assertions.assertThat;

import io.coppice.learning.model.Mask;
import io.coppice.replay.FoldedRound;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.CloseReason;
import io.coppice.schemas.Contributor;
import io.coppice.schemas.ProbeLosses;
import io.coppice.schemas.RoundClosed;
import io.coppice.schemas.TensorEncoding;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class RoundOutcomeTest {

  private static final ByteBuffer NONE = ByteBuffer.allocate(0);

  private final RunDefinition run =
      RunDefinition.of(PolicyRun.definition("prunefl", null).build(), 0);

  private RoundOutcome outcome(ProbeLosses... reported) {
    RoundClosed closed =
        new RoundClosed(
            3,
            0,
            false,
            CloseReason.ALL_REPORTED,
            List.of(new Contributor("a", 40L, NONE), new Contributor("b", 60L, NONE)),
            1,
            0,
            TensorEncoding.FLOAT32,
            Instant.EPOCH,
            NONE,
            NONE,
            NONE,
            NONE,
            NONE);
    Mask mask = Mask.full(run.layout());
    float[] model = new float[run.layout().size()];
    return RoundOutcome.of(
        run,
        run.cost(),
        new FoldedRound(closed, mask, model, model, null, List.of(reported)),
        model);
  }

  @Test
  void lossesAreMeansOverAllSamples() {
    RoundOutcome outcome =
        outcome(new ProbeLosses(5, 3.0, 2.0, 1.0), new ProbeLosses(15, 7.0, 6.0, 5.0));
    assertThat(outcome.round()).isEqualTo(3);
    assertThat(outcome.totalWeight()).isEqualTo(100);
    assertThat(outcome.probe()).contains(new RoundOutcome.Probe(6, 5, 4));
  }

  @Test
  void lossesThatAreNoNumbersDoNotCount() {
    ProbeLosses broken = new ProbeLosses(5, Double.NaN, 2.0, 1.0);
    assertThat(outcome(broken, new ProbeLosses(5, 3.0, 2.0, 1.0)).probe())
        .contains(new RoundOutcome.Probe(3, 2, 1));
    assertThat(outcome(broken).probe()).isEmpty();
    assertThat(outcome().probe()).isEmpty();
  }
}
