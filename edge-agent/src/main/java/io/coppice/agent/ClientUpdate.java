package io.coppice.agent;

import io.coppice.learning.model.Mask;
import io.coppice.learning.model.Shards;
import io.coppice.replay.LogTensors;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.ContentDigest;
import io.coppice.schemas.ProbeLosses;
import io.coppice.schemas.ShardDigest;
import io.coppice.schemas.ShardKind;
import io.coppice.schemas.Signatures;
import io.coppice.schemas.TensorEncoding;
import io.coppice.schemas.UpdateShard;
import io.coppice.schemas.UpdateSubmitted;
import java.nio.ByteBuffer;
import java.security.PrivateKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What an agent has to say about a round: the result of local training, and how it becomes records.
 *
 * @param round the round
 * @param maskVersion the mask it was made under
 * @param weight samples processed
 * @param trainLoss mean loss over the local steps
 * @param trainSeconds seconds of local training
 * @param delta differences of the active parameters, in layout order
 * @param upload what the mask decision needs ({@link io.coppice.schemas.DecisionUpload}), one value a parameter in layout order;
 *     empty if the round does not ask for it
 * @param proposedMask the mask that initial pruning arrived at; empty in every other round
 * @param probe losses before the training; empty if they are not asked for
 */
record ClientUpdate(
    int round,
    int maskVersion,
    long weight,
    double trainLoss,
    double trainSeconds,
    float[] delta,
    Optional<float[]> upload,
    Optional<Mask> proposedMask,
    Optional<ProbeLosses> probe) {

  /**
   * The update's records.
   *
   * @param shards in the order of the submission's digests
   * @param submission signed, if the agent does
   */
  record Records(List<UpdateShard> shards, UpdateSubmitted submission) {}

  /**
   * What is written of the update.
   *
   * @param key signs it; empty for an agent that does not sign
   */
  Records toRecords(RunDefinition run, String agentId, Optional<PrivateKey> key) {
    List<Block> blocks = new ArrayList<>();
    cut(run, ShardKind.DELTA, run.run().getEncoding().getDelta(), delta, blocks);
    upload.ifPresent(
        values ->
            cut(
                run,
                ShardKind.IMPORTANCE,
                run.run().getEncoding().getImportance(),
                values,
                blocks));
    UpdateSubmitted submission =
        UpdateSubmitted.newBuilder()
            .setRunId(run.id())
            .setRound(round)
            .setAgentId(agentId)
            .setMaskVersion(maskVersion)
            .setWeight(weight)
            .setTrainLoss(trainLoss)
            .setTrainSeconds(trainSeconds)
            .setPayloadBytes(blocks.stream().mapToLong(block -> block.values.remaining()).sum())
            .setShards(blocks.stream().map(Block::digest).toList())
            .setProposedMask(proposedMask.map(LogTensors::toLog).orElse(null))
            .setProbe(probe.orElse(null))
            .setSignature(ByteBuffer.allocate(0))
            .build();
    key.ifPresent(k -> submission.setSignature(Signatures.sign(submission, k)));
    ByteBuffer digest = ContentDigest.of(submission);
    int importanceShards = upload.map(all -> run.shards().count(all.length)).orElse(0);
    List<UpdateShard> shards = new ArrayList<>();
    for (Block block : blocks) {
      shards.add(
          UpdateShard.newBuilder()
              .setRunId(run.id())
              .setRound(round)
              .setAgentId(agentId)
              .setSubmission(digest)
              .setMaskVersion(maskVersion)
              .setKind(block.kind)
              .setShard(block.shard)
              .setDeltaShards(run.shards().count(delta.length))
              .setImportanceShards(importanceShards)
              .setWeight(weight)
              .setEncoding(block.encoding)
              .setValueCount(block.valueCount)
              .setValues(block.values)
              .build());
    }
    return new Records(shards, submission);
  }

  /** One encoded block. */
  private record Block(
      ShardKind kind, int shard, TensorEncoding encoding, int valueCount, ByteBuffer values) {

    ShardDigest digest() {
      return ShardDigest.newBuilder()
          .setKind(kind)
          .setShard(shard)
          .setValueCount(valueCount)
          .setSha256(ContentDigest.ofBytes(values))
          .build();
    }
  }

  private static void cut(
      RunDefinition run,
      ShardKind kind,
      TensorEncoding encoding,
      float[] values,
      List<Block> into) {
    Shards shards = run.shards();
    for (int s = 0; s < shards.count(values.length); s++) {
      int length = shards.length(values.length, s);
      ByteBuffer encoded = LogTensors.encoding(encoding).encode(values, shards.from(s), length);
      into.add(new Block(kind, s, encoding, length, encoded));
    }
  }
}
