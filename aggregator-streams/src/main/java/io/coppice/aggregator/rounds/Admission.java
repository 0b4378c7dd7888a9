package io.coppice.aggregator.rounds;

import io.coppice.aggregator.Fault;
import io.coppice.aggregator.shards.PartitionShards;
import io.coppice.schemas.LayerMask;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.MaskPublished;
import io.coppice.schemas.ProbeLosses;
import io.coppice.schemas.RejectReason;
import io.coppice.schemas.ShardDigest;
import io.coppice.schemas.ShardKind;
import io.coppice.schemas.TrainingRun;
import io.coppice.schemas.UpdateChecked;
import io.coppice.schemas.UpdateSubmitted;
import java.util.List;
import java.util.Optional;

/**
 * The rules by which an update is admitted: what its submission says must fit the run, the mask and the agent's own declaration,
 * and every partition must have found exactly the shards that were submitted.
 */
public final class Admission {

  private final TrainingRun run;
  private final MaskPublished mask;
  private final int round;
  private final UpdateShape shape;

  /**
   * The rules of one round.
   *
   * @param run the run's definition
   * @param mask the mask in force; its bitmaps are not looked at
   * @param round the round; -1 is initial pruning
   * @param importance whether the round asks for importance
   */
  public Admission(TrainingRun run, MaskPublished mask, int round, boolean importance) {
    this.run = run;
    this.mask = mask;
    this.round = round;
    this.shape = UpdateShape.of(run, mask, importance);
  }

  /**
   * What is wrong with a submission by itself. Signature, round and sender are not looked at.
   *
   * @param maxWeight largest weight that the agent may claim, as it has declared by then ({@code AgentAccepted.maxWeight})
   * @return the first fault, in a fixed order; empty if there is none
   */
  public Optional<Fault> statement(UpdateSubmitted submission, long maxWeight) {
    if (submission.getMaskVersion() != mask.getVersion()) {
      return fault(
          RejectReason.WRONG_MASK,
          "Mask version %d is in force, not %d.",
          mask.getVersion(),
          submission.getMaskVersion());
    }
    return weight(submission.getWeight(), maxWeight)
        .or(() -> shards(submission.getShards()))
        .or(() -> proposedMask(submission.getProposedMask()))
        .or(() -> probe(submission));
  }

  /** Losses count by their samples, of which a round has no more than the update's weight says. */
  private Optional<Fault> probe(UpdateSubmitted submission) {
    ProbeLosses probe = submission.getProbe();
    if (probe == null) {
      return Optional.empty();
    }
    if (mask.getProbeDensity() == null) {
      return fault(
          RejectReason.MALFORMED,
          "Losses are reported where the mask asks for them, which mask %d does not.",
          mask.getVersion());
    }
    return probe.getSamples() >= 1 && probe.getSamples() <= submission.getWeight()
        ? Optional.empty()
        : fault(
            RejectReason.MALFORMED,
            "Losses are those of 1 to %d samples, not of %d.",
            submission.getWeight(),
            probe.getSamples());
  }

  /**
   * In a round an agent takes localSteps x batchSize samples, and it may have declared less. Initial pruning has one contributor,
   * whose weight cancels out: it only has to be one that its sample set allows.
   */
  private Optional<Fault> weight(long weight, long maxWeight) {
    long most =
        round < 0
            ? run.getInitialPruning().getSamples()
            : Math.min(
                maxWeight,
                (long) run.getTraining().getLocalSteps() * run.getTraining().getBatchSize());
    return weight >= 1 && weight <= most
        ? Optional.empty()
        : fault(
            RejectReason.BAD_WEIGHT,
            "The agent may claim a weight of 1 to %d, not %d.",
            most,
            weight);
  }

  private Optional<Fault> shards(List<ShardDigest> shards) {
    int expected = shape.deltaShards() + shape.importanceShards();
    if (shards.size() != expected) {
      return fault(
          RejectReason.WRONG_SHAPE,
          "The update has %d shards, but %d of delta and %d of importance are expected.",
          shards.size(),
          shape.deltaShards(),
          shape.importanceShards());
    }
    for (int i = 0; i < expected; i++) {
      boolean delta = i < shape.deltaShards();
      ShardKind kind = delta ? ShardKind.DELTA : ShardKind.IMPORTANCE;
      int index = delta ? i : i - shape.deltaShards();
      int values =
          shape.shards().length(delta ? shape.deltaValues() : shape.importanceValues(), index);
      ShardDigest shard = shards.get(i);
      if (shard.getKind() != kind || shard.getShard() != index || shard.getValueCount() != values) {
        return fault(
            RejectReason.WRONG_SHAPE,
            "In place %d stands %s shard %d with %d values instead of %s shard %d with %d.",
            i,
            shard.getKind(),
            shard.getShard(),
            shard.getValueCount(),
            kind,
            index,
            values);
      }
    }
    return Optional.empty();
  }

  private Optional<Fault> proposedMask(List<LayerMask> proposed) {
    if ((proposed != null) != (round < 0)) {
      return fault(
          RejectReason.MALFORMED, "A mask is proposed in initial pruning and in no other round.");
    }
    if (proposed == null) {
      return Optional.empty();
    }
    if (proposed.size() != mask.getLayers().size()) {
      return fault(
          RejectReason.MALFORMED,
          "The proposed mask has %d layers instead of %d.",
          proposed.size(),
          mask.getLayers().size());
    }
    for (int l = 0; l < proposed.size(); l++) {
      LayerMask layer = proposed.get(l);
      LayerMask full = mask.getLayers().get(l);
      if (!layer.getName().equals(full.getName())
          || !layer.getShape().equals(full.getShape())
          || !RunChecks.fits(layer)) {
        return fault(
            RejectReason.MALFORMED,
            "Layer %d of the proposed mask does not fit layer %s.",
            l,
            full.getName());
      }
    }
    return Optional.empty();
  }

  /**
   * In what a partition's check does not agree with the submission.
   *
   * @param check what was found in one partition of {@code updates}
   * @param partitions partitions of {@code updates}
   */
  public Optional<Fault> disagreement(
      UpdateSubmitted submission, UpdateChecked check, int partitions) {
    if (check.getFault() != null) {
      return Optional.of(new Fault(check.getFault(), check.getDetail()));
    }
    if (check.getMaskVersion() != submission.getMaskVersion()) {
      return fault(
          RejectReason.WRONG_MASK,
          "The shards name mask version %d, the submission %d.",
          check.getMaskVersion(),
          submission.getMaskVersion());
    }
    if (check.getWeight() != submission.getWeight()) {
      return fault(
          RejectReason.BAD_WEIGHT,
          "The shards name a weight of %d, the submission %d.",
          check.getWeight(),
          submission.getWeight());
    }
    if (check.getDeltaShards() != shape.deltaShards()
        || check.getImportanceShards() != shape.importanceShards()) {
      return fault(
          RejectReason.WRONG_SHAPE,
          "The shards speak of %d delta and %d importance shards instead of %d and %d.",
          check.getDeltaShards(),
          check.getImportanceShards(),
          shape.deltaShards(),
          shape.importanceShards());
    }
    List<ShardDigest> submitted =
        submission.getShards().stream()
            .filter(s -> LogKeys.shardPartition(s.getShard(), partitions) == check.getPartition())
            .toList();
    if (!submitted.equals(check.getShards())) {
      return fault(
          RejectReason.DIGEST_MISMATCH,
          "The shards in partition %d are not those that were submitted.",
          check.getPartition());
    }
    return Optional.empty();
  }

  /** How many partitions have to report on an update. */
  int partitionsInvolved(int partitions) {
    return PartitionShards.involved(shape.deltaShards(), shape.importanceShards(), partitions);
  }

  private static Optional<Fault> fault(RejectReason reason, String detail, Object... arguments) {
    return Optional.of(Fault.of(reason, detail, arguments));
  }
}
