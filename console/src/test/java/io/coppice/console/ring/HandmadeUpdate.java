package io.coppice.console.ring;

import io.coppice.replay.LogTensors;
import io.coppice.replay.RunDefinition;
import io.coppice.replay.TransactionalWriter;
import io.coppice.schemas.ContentDigest;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.MaskPublished;
import io.coppice.schemas.RoundOpened;
import io.coppice.schemas.ShardDigest;
import io.coppice.schemas.ShardKind;
import io.coppice.schemas.Signatures;
import io.coppice.schemas.TensorEncoding;
import io.coppice.schemas.Topic;
import io.coppice.schemas.UpdateShard;
import io.coppice.schemas.UpdateSubmitted;
import java.nio.ByteBuffer;
import java.security.PrivateKey;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/** An update that no training has made: all zeros, in the form that a round asks for, to be spoilt before it is sent. */
public final class HandmadeUpdate {

  private final RunDefinition run;
  private final UpdateSubmitted submission;
  private final List<UpdateShard> shards = new ArrayList<>();
  private String submissionKey;
  private String runOfShardKeys;

  /**
   * @param mask the mask that the round was opened with
   * @param trainLoss tells this update from others
   */
  public HandmadeUpdate(
      RunDefinition run, RoundOpened round, MaskPublished mask, String agentId, double trainLoss) {
    this.run = run;
    this.submissionKey = run.id();
    this.runOfShardKeys = run.id();
    int uploaded = round.getImportance() ? run.layout().size() : 0;
    int deltaShards = run.shards().count(mask.getActiveParameters());
    int importanceShards = run.shards().count(uploaded);
    this.submission =
        UpdateSubmitted.newBuilder()
            .setRunId(run.id())
            .setRound(round.getRound())
            .setAgentId(agentId)
            .setMaskVersion(mask.getVersion())
            .setWeight(1)
            .setTrainLoss(trainLoss)
            .setTrainSeconds(0)
            .setPayloadBytes(0)
            .setShards(List.of())
            .setSignature(ByteBuffer.allocate(0))
            .build();
    UpdateShard.Builder shard =
        UpdateShard.newBuilder()
            .setRunId(run.id())
            .setRound(round.getRound())
            .setAgentId(agentId)
            .setMaskVersion(mask.getVersion())
            .setWeight(1)
            .setDeltaShards(deltaShards)
            .setImportanceShards(importanceShards)
            .setSubmission(ByteBuffer.allocate(0));
    zeros(shard, ShardKind.DELTA, deltaShards, mask.getActiveParameters());
    zeros(shard, ShardKind.IMPORTANCE, importanceShards, uploaded);
  }

  private void zeros(UpdateShard.Builder shard, ShardKind kind, int count, int values) {
    TensorEncoding encoding =
        kind == ShardKind.DELTA
            ? run.run().getEncoding().getDelta()
            : run.run().getEncoding().getImportance();
    for (int s = 0; s < count; s++) {
      int length = run.shards().length(values, s);
      shards.add(
          UpdateShard.newBuilder(shard)
              .setKind(kind)
              .setShard(s)
              .setEncoding(encoding)
              .setValueCount(length)
              .setValues(LogTensors.encoding(encoding).encode(new float[length], 0, length))
              .build());
    }
  }

  /** Claims another weight. */
  public HandmadeUpdate weighing(long weight) {
    submission.setWeight(weight);
    shards.forEach(shard -> shard.setWeight(weight));
    return this;
  }

  /** Puts a value at the beginning of a shard. */
  public HandmadeUpdate with(int shard, float value) {
    UpdateShard changed = shards.get(shard);
    float[] values = new float[changed.getValueCount()];
    values[0] = value;
    changed.setValues(LogTensors.encoding(changed.getEncoding()).encode(values, 0, values.length));
    return this;
  }

  /** Gives a shard so many values. */
  public HandmadeUpdate resized(int shard, int values) {
    UpdateShard changed = shards.get(shard);
    changed.setValueCount(values);
    changed.setValues(
        LogTensors.encoding(changed.getEncoding()).encode(new float[values], 0, values));
    return this;
  }

  /** Names the digests of the shards as they are now, and signs. */
  public HandmadeUpdate signed(PrivateKey key) {
    submission.setShards(
        shards.stream()
            .map(
                s ->
                    new ShardDigest(
                        s.getKind(),
                        s.getShard(),
                        s.getValueCount(),
                        ContentDigest.ofBytes(s.getValues())))
            .toList());
    submission.setSignature(Signatures.sign(submission, key));
    ByteBuffer digest = ContentDigest.of(submission);
    shards.forEach(shard -> shard.setSubmission(digest));
    return this;
  }

  /** Has the record of the submission written under another key than the run. */
  HandmadeUpdate submittedUnder(String key) {
    submissionKey = key;
    return this;
  }

  /** Has the records of the shards written under the keys of another run. */
  HandmadeUpdate shardsUnder(String runId) {
    runOfShardKeys = runId;
    return this;
  }

  /** What is submitted. */
  public UpdateSubmitted submission() {
    return submission;
  }

  /**
   * Writes the update.
   *
   * @param sent which shards are written
   */
  public void send(TransactionalWriter writer, LogSerdes serdes, Predicate<UpdateShard> sent) {
    writer.begin();
    shards.stream()
        .filter(sent)
        .forEach(
            shard ->
                writer.sendByShard(
                    Topic.UPDATES,
                    serdes.updates,
                    LogKeys.shard(runOfShardKeys, shard.getKind(), shard.getShard()),
                    shard.getShard(),
                    shard));
    writer.sendByRun(Topic.SUBMISSIONS, serdes.submissions, submissionKey, submission);
    writer.commit();
  }
}
