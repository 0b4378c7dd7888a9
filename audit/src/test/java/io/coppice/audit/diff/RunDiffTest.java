package io.coppice.audit.diff;

import static org.assertj.core.api.Assertions.assertThat;

import io.coppice.audit.diff.DiffResult.End;
import io.coppice.audit.records.ListEvidence;
import io.coppice.audit.records.SmallRun;
import io.coppice.learning.model.Mask;
import io.coppice.schemas.Architecture;
import io.coppice.schemas.LocalTraining;
import io.coppice.schemas.ShardKind;
import io.coppice.schemas.TrainingRun;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RunDiffTest {

  private final ListEvidence log = new ListEvidence();
  private final ListEvidence otherLog = new ListEvidence();

  private static float[] values(Mask mask, int round) {
    float[] values = new float[mask.activeParameters()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (i + 1) / (float) (round + 3);
    }
    return values;
  }

  /** Rounds 0 to 2 under the full mask, then rounds under half of it. */
  private static SmallRun write(ListEvidence log, TrainingRun definition, int rounds) {
    SmallRun run = SmallRun.define(log, definition);
    run.mask(0, 0, run.full());
    for (int r = 0; r < rounds; r++) {
      if (r == 3) {
        run.mask(1, 3, run.half());
      }
      Mask mask = r < 3 ? run.full() : run.half();
      run.round(r, r < 3 ? 0 : 1, mask, values(mask, r), "a", "b");
    }
    return run;
  }

  private DiffResult diff(SmallRun first, SmallRun second) {
    return new RunDiff(log, first.run(), otherLog, second.run()).compare(round -> {});
  }

  @Test
  void runsWithTheSameNumbersAreEqual() {
    SmallRun first = write(log, SmallRun.definition("run").build(), 6);
    SmallRun second = write(otherLog, SmallRun.definition("run").build(), 6);
    first.finish(6);

    DiffResult result = diff(first, second);

    assertThat(result)
        .isEqualTo(
            new DiffResult(
                List.of(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                6,
                new End(5, Optional.of("the run is finished")),
                new End(5, Optional.of("round 6 is not closed"))));
    assertThat(result.equal()).isTrue();
  }

  @Test
  void oneMayGoOnWhereTheOtherEnds() {
    SmallRun first = write(log, SmallRun.definition("one").build(), 6);
    SmallRun second = write(otherLog, SmallRun.definition("two").build(), 4);
    second.close(4, 1, second.half(), "a", "b");

    DiffResult result = diff(first, second);

    assertThat(result.equal()).isTrue();
    assertThat(result.equalRounds()).isEqualTo(4);
    assertThat(result.firstEnd()).isEqualTo(new End(4, Optional.empty()));
    assertThat(result.secondEnd())
        .isEqualTo(new End(3, Optional.of("the aggregate of round 4 is not complete")));
  }

  @Test
  void theFirstValueThatDiffersIsFoundWithItsParameter() {
    SmallRun first = write(log, SmallRun.definition("one").build(), 3);
    SmallRun second = write(otherLog, SmallRun.definition("two").build(), 3);
    first.mask(1, 3, first.half());
    second.mask(1, 3, second.half());
    float[] changed = values(first.half(), 3);
    first.round(3, 1, first.half(), changed.clone(), "a");
    // fc1 has 300 x 16 weights, of which 2,400 are active, and 300 biases: active value 4,500 is
    // the
    // 1,800th
    // active weight of fc2, which is its weight 3,600.
    int at = 2400 + 300 + 1800;
    changed[at] = Math.nextUp(changed[at]);
    changed[at + 1] = 0;
    changed[at + 5000] = 0;
    second.round(3, 1, second.half(), changed, "a");

    DiffResult result = diff(first, second);

    assertThat(result.equal()).isFalse();
    assertThat(result.equalRounds()).isEqualTo(3);
    float value = values(first.half(), 3)[at];
    assertThat(result.parting())
        .contains(
            new Parting.InAggregate(
                3,
                ShardKind.DELTA,
                1,
                500,
                "fc2.weight[" + 3600 / 300 + "][" + 3600 % 300 + "]",
                value,
                Math.nextUp(value)));
  }

  @Test
  void zerosOfDifferentSignDiffer() {
    SmallRun first = write(log, SmallRun.definition("one").build(), 0);
    SmallRun second = write(otherLog, SmallRun.definition("two").build(), 0);
    float[] zeros = new float[first.full().activeParameters()];
    first.round(0, 0, first.full(), zeros.clone(), "a");
    zeros[4800] = -0f;
    second.round(0, 0, second.full(), zeros, "a");

    assertThat(diff(first, second).parting())
        .contains(new Parting.InAggregate(0, ShardKind.DELTA, 1, 800, "fc1.bias[0]", 0f, -0f));
  }

  @Test
  void differentMasksPartTheRuns() {
    SmallRun first = write(log, SmallRun.definition("one").build(), 4);
    SmallRun second = write(otherLog, SmallRun.definition("two").build(), 3);
    second.round(3, 0, second.full(), values(second.full(), 3), "a", "b");

    assertThat(diff(first, second).parting())
        .contains(new Parting.InMask(3, 1, 0, "fc1.weight[0][1]", "fc1", 1, false));
  }

  @Test
  void contributorsAreToldButDoNotDecide() {
    SmallRun first = write(log, SmallRun.definition("one").build(), 1);
    SmallRun second = write(otherLog, SmallRun.definition("two").build(), 1);
    for (int r = 1; r < 3; r++) {
      first.round(r, 0, first.full(), values(first.full(), r), "a", "b");
      second.round(r, 0, second.full(), values(second.full(), r), "a", "c");
    }
    DiffResult result = diff(first, second);
    assertThat(result.equal()).isTrue();
    assertThat(result.contributors().orElseThrow().round()).isEqualTo(1);
    assertThat(result.contributors().get().second().get(1).getAgentId()).isEqualTo("c");
  }

  @Test
  void definitionsAreComparedFieldByField() {
    TrainingRun.Builder other = SmallRun.definition("two");
    other.setTraining(new LocalTraining(5, 20, 0.05, 0.5)).setSeed(2).setInitialSeed(1L);
    SmallRun first = write(log, SmallRun.definition("one").build(), 2);
    SmallRun second = write(otherLog, other.build(), 2);

    DiffResult result = diff(first, second);

    assertThat(result.equal()).isTrue();
    assertThat(result.definition())
        .containsExactly(
            new FieldDifference("seed", "1", "2"),
            new FieldDifference("training.learningRate", "0.1", "0.05"),
            new FieldDifference("initialSeed", "null", "1"));
  }

  @Test
  void differentNetworksAndShardsCannotBeCompared() {
    SmallRun first = write(log, SmallRun.definition("one").build(), 2);
    SmallRun cut = write(otherLog, SmallRun.definition("cut").setShardValues(5_000).build(), 2);
    assertThat(diff(first, cut).incomparable())
        .contains("Their models are cut into shards of different sizes.");
    SmallRun network =
        write(
            otherLog,
            SmallRun.definition("net")
                .setArchitecture(new Architecture("mlp", List.of(1, 4, 5), 3))
                .build(),
            1);
    assertThat(diff(first, network).incomparable()).contains("They train different networks.");
    assertThat(diff(first, network).equal()).isFalse();
  }
}
