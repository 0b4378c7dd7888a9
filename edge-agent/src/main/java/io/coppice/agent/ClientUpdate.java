package io.coppice.agent;

import io.coppice.learning.encoding.Encoding;
import io.coppice.learning.model.Mask;
import io.coppice.learning.model.Shards;
import io.coppice.replay.LogTensors;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.ContentDigest;
import io.coppice.schemas.ShardDigest;
import io.coppice.schemas.ShardKind;
import io.coppice.schemas.Signatures;
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
 * @param importance accumulated squared gradients of all parameters in layout order; empty if the round does not ask for it
 * @param proposedMask the mask that initial pruning arrived at; empty in every other round
 */
record ClientUpdate(
    int round,
    int maskVersion,
    long weight,
    double trainLoss,
    double trainSeconds,
    float[] delta,
    Optional<float[]> importance,
    Optional<Mask> proposedMask) {

  /**
   * The update's records.
   *
   * @param shards in the order of the submission's digests
   * @param submission signed
   */
  record Records(List<UpdateShard> shards, UpdateSubmitted submission) {}

  Records toRecords(RunDefinition run, String agentId, PrivateKey key) {
    List<UpdateShard> shards = new ArrayList<>();
    cut(run, agentId, ShardKind.DELTA, delta, shards);
    importance.ifPresent(values -> cut(run, agentId, ShardKind.IMPORTANCE, values, shards));

    List<ShardDigest> digests = new ArrayList<>();
    long payload = 0;
    for (UpdateShard shard : shards) {
      payload += shard.getValues().remaining();
      digests.add(
          ShardDigest.newBuilder()
              .setKind(shard.getKind())
              .setShard(shard.getShard())
              .setValueCount(shard.getValueCount())
              .setSha256(ContentDigest.ofBytes(shard.getValues()))
              .build());
    }
    UpdateSubmitted submission =
        UpdateSubmitted.newBuilder()
            .setRunId(run.id())
            .setRound(round)
            .setAgentId(agentId)
            .setMaskVersion(maskVersion)
            .setWeight(weight)
            .setTrainLoss(trainLoss)
            .setTrainSeconds(trainSeconds)
            .setPayloadBytes(payload)
            .setShards(digests)
            .setProposedMask(proposedMask.map(LogTensors::toLog).orElse(null))
            .setSignature(ByteBuffer.allocate(0))
            .build();
    submission.setSignature(Signatures.sign(submission, key));
    return new Records(shards, submission);
  }

  private void cut(
      RunDefinition run, String agentId, ShardKind kind, float[] values, List<UpdateShard> into) {
    Shards shards = run.shards();
    Encoding encoding =
        LogTensors.encoding(
            kind == ShardKind.DELTA
                ? run.run().getEncoding().getDelta()
                : run.run().getEncoding().getImportance());
    for (int s = 0; s < shards.count(values.length); s++) {
      int length = shards.length(values.length, s);
      into.add(
          UpdateShard.newBuilder()
              .setRunId(run.id())
              .setRound(round)
              .setAgentId(agentId)
              .setMaskVersion(maskVersion)
              .setKind(kind)
              .setShard(s)
              .setDeltaShards(shards.count(delta.length))
              .setImportanceShards(importance.map(all -> shards.count(all.length)).orElse(0))
              .setWeight(weight)
              .setEncoding(
                  kind == ShardKind.DELTA
                      ? run.run().getEncoding().getDelta()
                      : run.run().getEncoding().getImportance())
              .setValueCount(length)
              .setValues(encoding.encode(values, shards.from(s), length))
              .build());
    }
  }
}
