package io.coppice.replay;

import static org.assertj.core.api.Assertions.assertThat;

import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterTensor;
import io.coppice.replay.IgnoredRecord.Reason;
import io.coppice.schemas.AggregateShard;
import io.coppice.schemas.ContentDigest;
import io.coppice.schemas.Contribution;
import io.coppice.schemas.Contributor;
import io.coppice.schemas.DecisionSchedule;
import io.coppice.schemas.DecisionUpload;
import io.coppice.schemas.MaskPublished;
import io.coppice.schemas.ProbeLosses;
import io.coppice.schemas.Regrow;
import io.coppice.schemas.RoundClosed;
import io.coppice.schemas.ShardKind;
import io.coppice.schemas.Topic;
import io.coppice.schemas.TrainingRun;
import io.coppice.schemas.UpdateSubmitted;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
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
  private final List<IgnoredRecord> ignored = new ArrayList<>();

  private ModelFold fold(RunDefinition definition, boolean collectsImportance) {
    folded.clear();
    return fold(
        definition,
        collectsImportance ? FoldDetail.DECISIONS : FoldDetail.MODEL,
        round -> {
          folded.add(round.round());
          importances.add(round.upload());
        });
  }

  /** A fold to the end; what it ignores is remembered. */
  private ModelFold fold(RunDefinition definition, FoldDetail detail, ModelFold.Listener told) {
    return fold(definition, detail, Integer.MAX_VALUE, told);
  }

  private ModelFold fold(
      RunDefinition definition, FoldDetail detail, int lastRound, ModelFold.Listener told) {
    ignored.clear();
    return new ModelFold(
        definition, detail, lastRound, new RecordChecks(definition, 1), told, ignored::add);
  }

  private static void give(ModelFold fold, AggregateShard shard) {
    fold.onAggregate(shard, new LogPosition(Topic.AGGREGATES, 0, shard.getShard()));
  }

  private void take(ModelFold fold, Object record) {
    switch (record) {
      case MaskPublished mask -> fold.onMask(mask);
      case RoundClosed closed -> fold.onClosed(closed);
      case AggregateShard aggregate -> give(fold, aggregate);
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
    ModelFold fold = fold(run, FoldDetail.MODEL, 1, round -> folded.add(round.round()));
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
    delta(0, 0, full, 1).forEach(block -> give(fold, block));
    assertThat(fold.maskVersion()).isEqualTo(1);
    assertThat(fold.mask()).isEqualTo(even);
  }

  @Test
  void aRoundWaitsForItsMask() {
    ModelFold fold = started(run, false);
    fold.onClosed(TestRecords.closed(run, 0, 1, even));
    delta(0, 1, even, 1).forEach(block -> give(fold, block));
    assertThat(folded).isEmpty();
    fold.onMask(TestRecords.published(1, 0, even));
    assertThat(folded).containsExactly(0);
  }

  @Test
  void aRoundIsFoldedOnlyWhenItIsClosedAndWhole() {
    ModelFold fold = started(run, false);
    List<AggregateShard> blocks = delta(0, 0, full, 1);
    assertThat(blocks).hasSizeGreaterThan(2);
    blocks.forEach(block -> give(fold, block));
    assertThat(folded).isEmpty();
    fold.onClosed(TestRecords.closed(run, 0, 0, full));
    assertThat(folded).containsExactly(0);

    fold.onClosed(TestRecords.closed(run, 1, 0, full));
    delta(1, 0, full, 1).stream().skip(1).forEach(block -> give(fold, block));
    give(fold, delta(1, 0, full, 1).getLast()); // read twice, counted once
    assertThat(folded).containsExactly(0);
  }

  @Test
  void theFirstShardThatFitsItsRoundCounts() {
    ModelFold fold = started(run, false);
    List<AggregateShard> blocks = delta(0, 0, full, 1);
    for (AggregateShard twin : delta(0, 0, full, 5)) {
      twin.setTotalWeight(2); // not the weight that the round closed with
      give(fold, twin);
    }
    for (AggregateShard twin : delta(0, 0, even, 6)) {
      give(fold, twin); // as if another mask were in force
    }
    blocks.forEach(block -> give(fold, block));
    delta(0, 0, full, 7).forEach(block -> give(fold, block));
    assertThat(ignored).as("as long as nothing is known of the round").isEmpty();
    fold.onClosed(TestRecords.closed(run, 0, 0, full));
    assertThat(folded).containsExactly(0);
    assertModel(fold.parameters(), 1, 1, 1);
    assertThat(ignored.stream().filter(i -> i.reason() == Reason.MALFORMED))
        .hasSizeGreaterThan(blocks.size());
    assertThat(ignored.stream().filter(i -> i.reason() == Reason.DUPLICATE)).hasSize(blocks.size());

    ignored.clear();
    give(fold, delta(0, 0, full, 8).getFirst());
    assertThat(ignored).extracting(IgnoredRecord::reason).containsExactly(Reason.DUPLICATE);
    assertModel(fold.parameters(), 1, 1, 1);
  }

  @Test
  void whoCollectsImportanceWaitsForAllOfIt() {
    ModelFold fold = started(deciding(0, DecisionUpload.IMPORTANCE), true);
    fold.onClosed(TestRecords.closed(run, 0, 0, full, true));
    delta(0, 0, full, 1).forEach(block -> give(fold, block));
    List<AggregateShard> blocks =
        TestRecords.aggregate(run, ShardKind.IMPORTANCE, 0, 0, run.layout().size(), 7);
    blocks.stream().skip(1).forEach(block -> give(fold, block));
    assertThat(folded).isEmpty();
    give(fold, blocks.getFirst());
    assertThat(folded).containsExactly(0);
    assertThat(importances.getFirst()).hasSize(run.layout().size()).containsOnly(7f);
  }

  @Test
  void whoDoesNotCollectImportanceDoesNotWaitForIt() {
    ModelFold fold = started(run, false);
    fold.onClosed(TestRecords.closed(run, 0, 0, full, true));
    delta(0, 0, full, 1).forEach(block -> give(fold, block));
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
  void masksThatNoStartNeedsAreNotKept() {
    ModelFold fold = fold(run, false);
    for (int version = 0; version <= 3; version++) {
      fold.onMask(TestRecords.published(version, version, full));
    }
    fold.forgetBefore(1, 1);
    assertThat(fold.mask(0)).isNull();
    assertThat(fold.mask(1)).isNotNull();
    fold.restore(2, 2, new float[run.layout().size()]);
    assertThat(fold.mask(1)).isNull();
    assertThat(fold.maskVersion()).isEqualTo(2);
    assertThat(fold.newestMask().getVersion()).isEqualTo(3);
  }

  @Test
  void theModelUnderTheNextMaskIsACopy() {
    ModelFold fold = started(run, false);
    fold.onClosed(TestRecords.closed(run, 0, 0, full));
    delta(0, 0, full, 1).forEach(block -> give(fold, block));
    fold.onMask(TestRecords.published(1, 1, even));
    float[] next = fold.parametersUnder(TestRecords.published(2, 2, odd));
    assertModel(next, 1, 1, 0);
    assertModel(fold.parameters(), 1, 1, 1);
  }

  /** One decision. */
  private static RunDefinition deciding(int round, DecisionUpload upload) {
    TrainingRun.Builder definition = TestRecords.definition(Regrow.ZERO);
    definition.getPruning().setDecisions(new DecisionSchedule(round, 1, round, upload));
    return RunDefinition.of(definition.build(), 0);
  }

  @Test
  void aDecisionIsToldWhatTheRoundStartedFromAndWhatWasAdded() {
    List<FoldedRound> told = new ArrayList<>();
    ModelFold fold = fold(deciding(1, DecisionUpload.NOTHING), FoldDetail.DECISIONS, told::add);
    fold.onMask(TestRecords.published(0, 0, even));
    float[] initial = new float[run.layout().size()];
    Arrays.fill(initial, 10);
    fold.restore(0, 0, initial.clone());
    for (int round = 0; round < 2; round++) {
      fold.onClosed(TestRecords.closed(run, round, 0, even));
      delta(round, 0, even, round + 1).forEach(block -> give(fold, block));
    }
    assertThat(told).hasSize(2);
    assertThat(told.getFirst().before()).isNull();
    FoldedRound decided = told.get(1);
    float[] before = initial.clone();
    even.scatterAdd(filled(even.activeParameters(), 1), before);
    float[] delta = new float[initial.length];
    even.scatterAdd(filled(even.activeParameters(), 2), delta);
    assertThat(decided.before()).isEqualTo(before);
    assertThat(decided.delta()).isEqualTo(delta);
    assertThat(decided.mask()).isEqualTo(even);
    assertThat(decided.upload()).isNull();
    assertThat(decided.probes()).isEmpty();
  }

  @Test
  void aDecisionWaitsForTheLossesOfAllContributorsAndTakesOnlyTheirs() {
    List<FoldedRound> told = new ArrayList<>();
    ModelFold fold = fold(deciding(1, DecisionUpload.NOTHING), FoldDetail.DECISIONS, told::add);
    MaskPublished probing = TestRecords.published(0, 0, full);
    probing.setProbeDensity(0.5);
    fold.onMask(probing);
    fold.restore(1, 0, new float[run.layout().size()]);
    UpdateSubmitted a = submission("a", new ProbeLosses(5, 3.0, 2.0, 1.0));
    UpdateSubmitted b = submission("b", null);
    UpdateSubmitted stranger = submission("c", new ProbeLosses(5, 9.0, 9.0, 9.0));
    RoundClosed closed = TestRecords.closed(run, 1, 0, full);
    closed.setContributors(
        Stream.of(a, b)
            .map(s -> new Contributor(s.getAgentId(), 100L, ContentDigest.of(s)))
            .toList());
    for (AggregateShard block : delta(1, 0, full, 1)) {
      block.setTotalWeight(200);
      block.setContributions(List.of(new Contribution("a", 0L), new Contribution("b", 1L)));
      give(fold, block);
    }
    fold.onSubmission(stranger);
    fold.onSubmission(a);
    fold.onClosed(closed);
    assertThat(told).isEmpty();
    fold.onSubmission(b);
    assertThat(told).hasSize(1);
    assertThat(told.getFirst().probes()).containsExactly(a.getProbe());
  }

  @Test
  void whoWantsDeltasIsToldThemInEveryRound() {
    List<FoldedRound> told = new ArrayList<>();
    ModelFold fold = fold(run, FoldDetail.DELTAS, told::add);
    fold.onMask(TestRecords.published(0, 0, full));
    fold.restore(0, 0, new float[run.layout().size()]);
    history().forEach(record -> take(fold, record));
    assertThat(told).hasSize(5).allMatch(round -> round.before() != null && round.delta() != null);
    assertThat(told.get(2).mask()).isEqualTo(even);
    assertThat(told.get(3).before()).as("regrown from zero").isNotEqualTo(plus(told.get(2)));
    assertThat(told.get(4).before()).isEqualTo(plus(told.get(3)));
  }

  private static float[] plus(FoldedRound round) {
    float[] sum = round.before().clone();
    for (int i = 0; i < sum.length; i++) {
      sum[i] += round.delta()[i];
    }
    return sum;
  }

  private static float[] filled(int length, float value) {
    float[] values = new float[length];
    Arrays.fill(values, value);
    return values;
  }

  private static UpdateSubmitted submission(String agent, ProbeLosses probe) {
    return UpdateSubmitted.newBuilder()
        .setRunId("run")
        .setRound(1)
        .setAgentId(agent)
        .setMaskVersion(0)
        .setWeight(100)
        .setTrainLoss(1)
        .setTrainSeconds(1)
        .setPayloadBytes(1)
        .setShards(List.of())
        .setProbe(probe)
        .setSignature(ByteBuffer.allocate(0))
        .build();
  }
}
