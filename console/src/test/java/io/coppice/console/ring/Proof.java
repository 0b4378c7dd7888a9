package io.coppice.console.ring;

import static org.assertj.core.api.Assertions.assertThat;

import io.coppice.console.ring.RunLog.At;
import io.coppice.learning.aggregation.WeightedSum;
import io.coppice.learning.encoding.Encoding;
import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterTensor;
import io.coppice.pruning.Decider;
import io.coppice.pruning.MaskPolicy;
import io.coppice.pruning.RoundOutcome;
import io.coppice.replay.FoldedRound;
import io.coppice.replay.LogTensors;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.AgentJoined;
import io.coppice.schemas.AggregateShard;
import io.coppice.schemas.CheckpointShard;
import io.coppice.schemas.ContentDigest;
import io.coppice.schemas.Contribution;
import io.coppice.schemas.Contributor;
import io.coppice.schemas.LayerMask;
import io.coppice.schemas.MaskPublished;
import io.coppice.schemas.ProbeLosses;
import io.coppice.schemas.Regrow;
import io.coppice.schemas.RoundClosed;
import io.coppice.schemas.ShardKind;
import io.coppice.schemas.Signatures;
import io.coppice.schemas.UpdateShard;
import io.coppice.schemas.UpdateSubmitted;
import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Recomputes a finished run from what the agents wrote, with nothing of the code that ran it but the arithmetic, and compares
 * every record bit for bit.
 */
final class Proof {

  private final RunLog log;
  private final RunDefinition run;
  private final Map<Integer, RoundClosed> closed = new TreeMap<>();
  private final Map<ByteBuffer, UpdateSubmitted> submissions = new HashMap<>();
  private final Map<List<Long>, UpdateShard> updates = new HashMap<>();

  private Proof(RunLog log) {
    this.log = log;
    this.run = log.run();
    for (UpdateSubmitted submission : log.submissions) {
      submissions.put(ContentDigest.of(submission), submission);
    }
    for (At<UpdateShard> update : log.updates) {
      updates.put(List.of((long) update.partition(), update.offset()), update.value());
    }
  }

  static void holdsFor(RunLog log) {
    Proof proof = new Proof(log);
    proof.theLedgerIsAChainOfAllRounds();
    proof.everyContributorSubmittedOnce();
    proof.everyAggregateIsTheSumOfItsContributions();
    proof.everyMaskAndCheckpointFollows();
  }

  private void theLedgerIsAChainOfAllRounds() {
    assertThat(log.closed())
        .extracting(RoundClosed::getRound)
        .containsExactlyElementsOf(
            IntStream.rangeClosed(run.firstRound(), run.lastRound()).boxed().toList());
    ByteBuffer previous = ByteBuffer.allocate(0);
    for (RoundClosed round : log.closed()) {
      assertThat(round.getPreviousDigest()).isEqualTo(previous);
      assertThat(round.getDigest()).isEqualTo(ContentDigest.of(run.id(), round));
      previous = round.getDigest();
      closed.put(round.getRound(), round);
    }
  }

  private void everyContributorSubmittedOnce() {
    for (RoundClosed round : closed.values()) {
      assertThat(round.getContributors()).isNotEmpty();
      assertThat(round.getContributors())
          .extracting(Contributor::getAgentId)
          .doesNotHaveDuplicates();
      for (Contributor contributor : round.getContributors()) {
        UpdateSubmitted submission = submissions.get(contributor.getSubmissionDigest());
        assertThat(submission).isNotNull();
        assertThat(submission.getRound()).isEqualTo(round.getRound());
        assertThat(submission.getAgentId()).isEqualTo(contributor.getAgentId());
        assertThat(submission.getWeight()).isEqualTo(contributor.getWeight());
        assertThat(log.joins)
            .filteredOn(joined -> joined.getAgentId().equals(submission.getAgentId()))
            .anyMatch(joined -> isSignedAs(joined, submission));
      }
    }
  }

  /** By its key, or not at all where the agent has none. */
  private static boolean isSignedAs(AgentJoined joined, UpdateSubmitted submission) {
    return joined.getPublicKey().hasRemaining()
        ? Signatures.isSignedBy(submission, Signatures.publicKey(joined.getPublicKey()))
        : !submission.getSignature().hasRemaining();
  }

  private void everyAggregateIsTheSumOfItsContributions() {
    Map<Integer, List<At<AggregateShard>>> byRound =
        log.aggregates.stream().collect(Collectors.groupingBy(a -> a.value().getRound()));
    assertThat(byRound.keySet()).isEqualTo(closed.keySet());
    byRound.forEach(
        (number, aggregates) -> {
          RoundClosed round = closed.get(number);
          assertThat(aggregates)
              .extracting(a -> List.of(a.value().getKind(), a.value().getShard()))
              .doesNotHaveDuplicates()
              .hasSize(round.getDeltaShards() + round.getImportanceShards());
          aggregates.forEach(aggregate -> isTheSum(aggregate, round));
        });
  }

  private void isTheSum(At<AggregateShard> at, RoundClosed round) {
    AggregateShard aggregate = at.value();
    boolean delta = aggregate.getKind() == ShardKind.DELTA;
    long totalWeight = round.getContributors().stream().mapToLong(Contributor::getWeight).sum();
    Map<String, Contributor> contributors =
        round.getContributors().stream()
            .collect(Collectors.toMap(Contributor::getAgentId, contributor -> contributor));
    assertThat(aggregate.getContributions())
        .isSortedAccordingTo(Comparator.comparingLong(Contribution::getOffset))
        .extracting(Contribution::getAgentId)
        .containsExactlyInAnyOrderElementsOf(contributors.keySet());

    WeightedSum sum = new WeightedSum(aggregate.getValueCount());
    for (Contribution contribution : aggregate.getContributions()) {
      UpdateShard update = updates.get(List.of((long) at.partition(), contribution.getOffset()));
      Contributor contributor = contributors.get(contribution.getAgentId());
      assertThat(update.getAgentId()).isEqualTo(contribution.getAgentId());
      assertThat(update.getSubmission()).isEqualTo(contributor.getSubmissionDigest());
      assertThat(update.getRound()).isEqualTo(round.getRound());
      assertThat(update.getKind()).isEqualTo(aggregate.getKind());
      assertThat(update.getShard()).isEqualTo(aggregate.getShard());
      assertThat(submissions.get(update.getSubmission()).getShards())
          .anyMatch(
              shard ->
                  shard.getKind() == update.getKind()
                      && shard.getShard() == update.getShard()
                      && shard.getSha256().equals(ContentDigest.ofBytes(update.getValues())));
      float[] values = new float[update.getValueCount()];
      LogTensors.encoding(update.getEncoding())
          .decode(update.getValues(), values, 0, values.length);
      sum.add(values, delta ? update.getWeight() : 1);
    }
    float[] result = sum.dividedBy(delta ? totalWeight : 1);
    assertThat(aggregate.getValues())
        .isEqualTo(LogTensors.encoding(aggregate.getEncoding()).encode(result, 0, result.length));
    assertThat(aggregate.getTotalWeight()).isEqualTo(totalWeight);
    assertThat(aggregate.getDigest()).isEqualTo(ContentDigest.of(aggregate));
  }

  private void everyMaskAndCheckpointFollows() {
    Map<Integer, MaskPublished> maskByRound =
        log.masks.stream()
            .collect(Collectors.toMap(MaskPublished::getEffectiveRound, published -> published));
    assertThat(log.masks)
        .extracting(MaskPublished::getVersion)
        .containsExactlyElementsOf(IntStream.range(0, log.masks.size()).boxed().toList());
    float[] parameters = run.initialParameters();
    MaskPolicy policy = MaskPolicy.named(run.run().getPruning().getPolicy());
    Mask mask =
        run.run().getStart() == null
            ? policy.initialMask(run, parameters)
            : LogTensors.fromLog(run.layout(), log.masks.getFirst().getLayers());
    Decider decider = policy.begin(run);
    assertThat(log.masks.getFirst().getLayers()).isEqualTo(LogTensors.toLog(mask));
    isTheCheckpoint(run.firstRound(), parameters);
    for (RoundClosed round : closed.values()) {
      float[] before = parameters.clone();
      float[] active = joined(round.getRound(), ShardKind.DELTA, mask.activeParameters());
      mask.scatterAdd(active, parameters);
      int next = round.getRound() + 1;
      if (run.newMaskAfter(round.getRound())) {
        MaskPublished published = maskByRound.remove(next);
        assertThat(published).isNotNull();
        assertThat(published.getDigest()).isEqualTo(ContentDigest.of(published));
        Mask decided =
            round.getRound() == RunDefinition.INITIAL_PRUNING_ROUND
                ? proposed(round)
                : decider
                    .decide(outcome(published, round, mask, before, active, parameters))
                    .mask();
        assertThat(published.getLayers()).isEqualTo(LogTensors.toLog(decided));
        assertThat(published.getActiveParameters()).isEqualTo(decided.activeParameters());
        if (run.run().getPruning().getRegrow() == Regrow.ZERO) {
          zeroRegrown(mask, decided, parameters);
        }
        mask = decided;
      }
      isTheCheckpoint(next, parameters);
    }
    assertThat(maskByRound.keySet()).containsExactly(run.firstRound());
  }

  private RoundOutcome outcome(
      MaskPublished published,
      RoundClosed round,
      Mask mask,
      float[] before,
      float[] active,
      float[] parameters) {
    float[] delta = new float[parameters.length];
    mask.scatterAdd(active, delta);
    float[] upload =
        round.getImportance()
            ? joined(round.getRound(), ShardKind.IMPORTANCE, run.layout().size())
            : null;
    List<ProbeLosses> probes =
        round.getContributors().stream()
            .map(c -> submissions.get(c.getSubmissionDigest()).getProbe())
            .filter(Objects::nonNull)
            .toList();
    return RoundOutcome.of(
        run,
        run.cost(published),
        new FoldedRound(round, mask, before, delta, upload, probes),
        parameters);
  }

  private Mask proposed(RoundClosed round) {
    List<LayerMask> proposed =
        submissions.get(round.getContributors().getFirst().getSubmissionDigest()).getProposedMask();
    return LogTensors.fromLog(run.layout(), proposed);
  }

  private void zeroRegrown(Mask before, Mask after, float[] parameters) {
    for (int l = 0; l < run.layout().prunable().size(); l++) {
      ParameterTensor weight = run.layout().prunable().get(l);
      BitSet regrown = after.bits(l);
      regrown.andNot(before.bits(l));
      regrown.stream().forEach(i -> parameters[weight.offset() + i] = 0);
    }
  }

  private float[] joined(int round, ShardKind kind, int length) {
    float[] vector = new float[length];
    int next = 0;
    List<AggregateShard> blocks =
        log.aggregates.stream()
            .map(At::value)
            .filter(a -> a.getRound() == round && a.getKind() == kind)
            .sorted(Comparator.comparingInt(AggregateShard::getShard))
            .toList();
    for (AggregateShard block : blocks) {
      LogTensors.encoding(block.getEncoding())
          .decode(block.getValues(), vector, next, block.getValueCount());
      next += block.getValueCount();
    }
    assertThat(next).isEqualTo(length);
    return vector;
  }

  /** If there is a checkpoint before a round, it is the model. */
  private void isTheCheckpoint(int round, float[] parameters) {
    List<CheckpointShard> shards =
        log.checkpoints.stream().filter(c -> c.getRound() == round).toList();
    for (CheckpointShard shard : shards) {
      assertThat(shard.getDigest()).isEqualTo(ContentDigest.of(shard));
      int from = run.shards().from(shard.getShard());
      assertThat(shard.getValues())
          .isEqualTo(Encoding.FLOAT32.encode(parameters, from, shard.getValueCount()));
    }
    if (!shards.isEmpty()) {
      assertThat(shards.stream().mapToInt(CheckpointShard::getShard).distinct().toArray())
          .hasSize(run.shards().count(parameters.length));
    }
  }
}
