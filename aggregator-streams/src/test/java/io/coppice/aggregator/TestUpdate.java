package io.coppice.aggregator;

import io.coppice.learning.encoding.Encoding;
import io.coppice.learning.model.Shards;
import io.coppice.schemas.ContentDigest;
import io.coppice.schemas.LayerMask;
import io.coppice.schemas.ShardDigest;
import io.coppice.schemas.ShardKind;
import io.coppice.schemas.Signatures;
import io.coppice.schemas.TensorEncoding;
import io.coppice.schemas.UpdateShard;
import io.coppice.schemas.UpdateSubmitted;
import java.nio.ByteBuffer;
import java.security.KeyPair;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** An update as an agent sends it: shards, and the signed submission. The fields may be bent before {@link #seal}. */
public final class TestUpdate {

  public static final Shards SHARDS = new Shards(4);

  public final UpdateSubmitted submission;
  public final List<UpdateShard> shards = new ArrayList<>();
  private final KeyPair keys;

  /**
   * @param keys of the agent; null: it does not sign
   */
  public TestUpdate(
      String runId,
      String agentId,
      KeyPair keys,
      int round,
      int maskVersion,
      long weight,
      float[] delta,
      float[] importance) {
    this.keys = keys;
    int deltaShards = SHARDS.count(delta.length);
    int importanceShards = SHARDS.count(importance.length);
    for (ShardKind kind : ShardKind.values()) {
      float[] values = kind == ShardKind.DELTA ? delta : importance;
      for (int k = 0; k < SHARDS.count(values.length); k++) {
        int count = SHARDS.length(values.length, k);
        shards.add(
            new UpdateShard(
                runId,
                round,
                agentId,
                ByteBuffer.allocate(0),
                maskVersion,
                kind,
                k,
                deltaShards,
                importanceShards,
                weight,
                TensorEncoding.FLOAT32,
                count,
                Encoding.FLOAT32.encode(values, SHARDS.from(k), count)));
      }
    }
    List<ShardDigest> digests =
        shards.stream()
            .map(
                s ->
                    new ShardDigest(
                        s.getKind(),
                        s.getShard(),
                        s.getValueCount(),
                        ContentDigest.ofBytes(s.getValues())))
            .toList();
    submission =
        new UpdateSubmitted(
            runId,
            round,
            agentId,
            maskVersion,
            weight,
            0.5,
            1.0,
            4L * (delta.length + importance.length),
            new ArrayList<>(digests),
            null,
            null,
            ByteBuffer.allocate(0));
    seal();
  }

  public TestUpdate proposing(LayerMask... mask) {
    submission.setProposedMask(List.of(mask));
    return seal();
  }

  /** Another try with the same content: only the time that it took is another. */
  public TestUpdate again() {
    submission.setTrainSeconds(submission.getTrainSeconds() + 1);
    return seal();
  }

  public TestUpdate bendSubmission(Consumer<UpdateSubmitted> change) {
    change.accept(submission);
    return seal();
  }

  public TestUpdate bendShards(Consumer<UpdateShard> change) {
    shards.forEach(change);
    return this;
  }

  /** Signs the submission, if the agent does, and names it in the shards. */
  public TestUpdate seal() {
    submission.setSignature(
        keys == null ? ByteBuffer.allocate(0) : Signatures.sign(submission, keys.getPrivate()));
    ByteBuffer digest = ContentDigest.of(submission);
    shards.forEach(s -> s.setSubmission(digest));
    return this;
  }

  public ByteBuffer digest() {
    return ContentDigest.of(submission);
  }
}
