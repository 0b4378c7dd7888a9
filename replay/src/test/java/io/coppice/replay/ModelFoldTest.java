package io.coppice.replay;

import static org.assertj.core.api.Assertions.assertThat;

import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterTensor;
import io.coppice.schemas.AggregateShard;
import io.coppice.schemas.MaskPublished;
import io.coppice.schemas.Regrow;
import io.coppice.schemas.RoundClosed;
import io.coppice.schemas.ShardKind;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class ModelFoldTest {

  private final RunDefinition run = TestRecords.run(Regrow.ZERO);
  private final Mask full = Mask.full(run.layout());
  private final Mask even = TestRecords.half(run, 0);
  private final Mask odd = TestRecords.half(run, 1);
  private final List<Integer> folded = new ArrayList<>();
  private final List<float[]> importances = new ArrayList<>();

  private ModelFold fold(RunDefinition definition, boolean collectsImportance) {
    folded.clear();
    return new ModelFold(
        definition,
        collectsImportance,
        (round, closed, importance) -> {
          folded.add(round);
          importances.add(importance);
        });
  }

  private void take(ModelFold fold, Object record) {
    switch (record) {
      case MaskPublished mask -> fold.onMask(mask);
      case RoundClosed closed -> fold.onClosed(closed);
      case AggregateShard aggregate -> fold.onAggregate(aggregate);
      default -> throw new AssertionError(record);
    }
  }

  /** Rounds 0 and 1 under the full mask, 2 under the even half, 3 and 4 under the odd half. */
  private List<Object> history() {
    List<Object> records = new ArrayList<>();
    records.add(TestRecords.published(1, 2, even));
    records.add(TestRecords.published(2, 3, odd));
    Mask[] masks = {full, full, even, odd, odd};
    int[] versions = {0, 0, 1, 2, 2};
    for (int round = 0; round < masks.length; round++) {
      records.add(TestRecords.closed(run, round, versions[round], masks[round]));
      records.addAll(delta(round, versions[round], masks[round], 1 << round));
    }
    return records;
  }

  private List<AggregateShard> delta(int round, int version, Mask mask, float value) {
    return TestRecords.aggregate(
        run, ShardKind.DELTA, round, version, mask.activeParameters(), value);
  }

  private ModelFold started(RunDefinition definition, boolean collectsImportance) {
    ModelFold fold = fold(definition, collectsImportance);
    fold.onMask(TestRecords.published(0, 0, full));
    fold.restore(0, 0, new float[definition.layout().size()]);
    return fold;
  }

  @Property(tries = 50)
  void aFoldEndsAfterARoundWithTheMaskOfTheRoundAfterIt(@ForAll Random random) {
    List<Object> records = history();
    Collections.shuffle(records, random);
    folded.clear();
    ModelFold fold = new ModelFold(run, false, 1, (round, closed, importance) -> folded.add(round));
    fold.onMask(TestRecords.published(0, 0, full));
    fold.restore(0, 0, new float[run.layout().size()]);
    assertThat(fold.hasEnded()).isFalse();
    records.forEach(record -> take(fold, record));
    assertThat(fold.hasEnded()).isTrue();
    assertThat(folded).containsExactly(0, 1);
    assertThat(fold.nextRound()).isEqualTo(2);
    assertThat(fold.mask()).isEqualTo(even);
    assertModel(fold.parameters(), 1 + 2, 1 + 2, 1 + 2);
  }

  @Property(tries = 50)
  void anyOrderGivesTheSameModel(@ForAll Random random, @ForAll int checkpointAt) {
    List<Object> records = history();
    Collections.shuffle(records, random);
    ModelFold fold = fold(run, false);
    fold.onMask(TestRecords.published(0, 0, full));
    int restored = Math.floorMod(checkpointAt, records.size() + 1);
    for (int i = 0; i <= records.size(); i++) {
      if (i == restored) {
        fold.restore(0, 0, new float[run.layout().size()]);
      }
      if (i < records.size()) {
        take(fold, records.get(i));
      }
    }
    assertThat(folded).containsExactly(0, 1, 2, 3, 4);
    assertThat(fold.nextRound()).isEqualTo(5);
    assertThat(fold.maskVersion()).isEqualTo(2);
    assertThat(fold.mask()).isEqualTo(odd);
    assertModel(fold.parameters(), 1 + 2 + 4 + 8 + 16, 1 + 2 + 4, 8 + 16);
  }

  /** Even weights are active in rounds 0 to 2; odd ones in 0, 1, 3 and 4, and regrown in round 3. */
  private void assertModel(float[] parameters, float bias, float even, float odd) {
    for (ParameterTensor tensor : run.layout().tensors()) {
      for (int i = 0; i < tensor.size(); i++) {
        float expected = tensor.prunable() ? (i % 2 == 0 ? even : odd) : bias;
        if (parameters[tensor.offset() + i] != expected) {
          assertThat(parameters[tensor.offset() + i])
              .as("%s %s %d", tensor.layer(), tensor.role(), i)
              .isEqualTo(expected);
        }
      }
    }
  }

  @Test
  void aRegrownWeightGoesOnFromItsLastValueWhereTheRunSaysSo() {
    ModelFold fold = started(TestRecords.run(Regrow.LAST_VALUE), false);
    history().forEach(record -> take(fold, record));
    assertModel(fold.parameters(), 1 + 2 + 4 + 8 + 16, 1 + 2 + 4, 1 + 2 + 8 + 16);
  }

  @Test
  void aMaskWaitsForItsRound() {
    ModelFold fold = started(run, false);
    fold.onMask(TestRecords.published(1, 1, even));
    assertThat(fold.maskVersion()).isZero();
    assertThat(fold.newestMask().getVersion()).isEqualTo(1);
    fold.onClosed(TestRecords.closed(run, 0, 0, full));
    delta(0, 0, full, 1).forEach(fold::onAggregate);
    assertThat(fold.maskVersion()).isEqualTo(1);
    assertThat(fold.mask()).isEqualTo(even);
  }

  @Test
  void aRoundWaitsForItsMask() {
    ModelFold fold = started(run, false);
    fold.onClosed(TestRecords.closed(run, 0, 1, even));
    delta(0, 1, even, 1).forEach(fold::onAggregate);
    assertThat(folded).isEmpty();
    fold.onMask(TestRecords.published(1, 0, even));
    assertThat(folded).containsExactly(0);
  }

  @Test
  void aRoundIsFoldedOnlyWhenItIsClosedAndWhole() {
    ModelFold fold = started(run, false);
    List<AggregateShard> blocks = delta(0, 0, full, 1);
    assertThat(blocks).hasSizeGreaterThan(2);
    blocks.forEach(fold::onAggregate);
    assertThat(folded).isEmpty();
    fold.onClosed(TestRecords.closed(run, 0, 0, full));
    assertThat(folded).containsExactly(0);

    fold.onClosed(TestRecords.closed(run, 1, 0, full));
    delta(1, 0, full, 1).stream().skip(1).forEach(fold::onAggregate);
    fold.onAggregate(delta(1, 0, full, 1).getLast()); // read twice, counted once
    assertThat(folded).containsExactly(0);
  }

  @Test
  void whoCollectsImportanceWaitsForAllOfIt() {
    ModelFold fold = started(run, true);
    fold.onClosed(TestRecords.closed(run, 0, 0, full, true));
    delta(0, 0, full, 1).forEach(fold::onAggregate);
    List<AggregateShard> blocks =
        TestRecords.aggregate(run, ShardKind.IMPORTANCE, 0, 0, run.layout().size(), 7);
    blocks.stream().skip(1).forEach(fold::onAggregate);
    assertThat(folded).isEmpty();
    fold.onAggregate(blocks.getFirst());
    assertThat(folded).containsExactly(0);
    assertThat(importances.getFirst()).hasSize(run.layout().size()).containsOnly(7f);
  }

  @Test
  void whoDoesNotCollectImportanceDoesNotWaitForIt() {
    ModelFold fold = started(run, false);
    fold.onClosed(TestRecords.closed(run, 0, 0, full, true));
    delta(0, 0, full, 1).forEach(fold::onAggregate);
    assertThat(folded).containsExactly(0);
    assertThat(importances.getFirst()).isNull();
  }

  @Test
  void whatLiesBeforeTheCheckpointIsSkipped() {
    ModelFold fold = fold(run, false);
    List<Object> records = history();
    records.forEach(record -> take(fold, record));
    float[] checkpoint = new float[run.layout().size()];
    java.util.Arrays.fill(checkpoint, 100);
    fold.restore(3, 2, checkpoint);
    records.forEach(record -> take(fold, record)); // read again
    assertThat(folded).containsExactly(3, 4);
    assertModel(fold.parameters(), 100 + 8 + 16, 100, 100 + 8 + 16);
  }

  @Test
  void theModelUnderTheNextMaskIsACopy() {
    ModelFold fold = started(run, false);
    fold.onClosed(TestRecords.closed(run, 0, 0, full));
    delta(0, 0, full, 1).forEach(fold::onAggregate);
    fold.onMask(TestRecords.published(1, 1, even));
    float[] next = fold.parametersUnder(TestRecords.published(2, 2, odd));
    assertModel(next, 1, 1, 0);
    assertModel(fold.parameters(), 1, 1, 1);
  }
}
