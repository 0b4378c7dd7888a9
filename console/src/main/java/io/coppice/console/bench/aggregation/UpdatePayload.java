package io.coppice.console.bench.aggregation;

import io.coppice.learning.encoding.Encoding;
import io.coppice.learning.model.Shards;
import io.coppice.learning.random.SplitMix64;
import io.coppice.replay.LogTensors;
import io.coppice.schemas.ContentDigest;
import io.coppice.schemas.ShardDigest;
import io.coppice.schemas.ShardKind;
import io.coppice.schemas.TensorEncoding;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * The numbers of an update, cut and encoded: what an agent sends besides its name. As noisy as real updates, so nothing on the way
 * can compress them.
 *
 * @param values the numbers
 * @param encoding how they are encoded
 * @param blocks encoded shards
 * @param digests of these shards
 */
public record UpdatePayload(
    float[] values, TensorEncoding encoding, List<ByteBuffer> blocks, List<ShardDigest> digests) {

  /** Size of a step of a trained network, roughly. */
  private static final float SCALE = 1e-2f;

  /**
   * @param size number of values: the active parameters
   * @param seed of the values
   */
  public static UpdatePayload of(int size, TensorEncoding encoding, long seed) {
    SplitMix64 random = new SplitMix64(seed);
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = SCALE * (float) (2 * random.nextDouble() - 1);
    }
    Encoding codec = LogTensors.encoding(encoding);
    Shards shards = Shards.DEFAULT;
    List<ByteBuffer> blocks = new ArrayList<>();
    List<ShardDigest> digests = new ArrayList<>();
    for (int s = 0; s < shards.count(size); s++) {
      ByteBuffer block = codec.encode(values, shards.from(s), shards.length(size, s));
      blocks.add(block);
      digests.add(
          new ShardDigest(
              ShardKind.DELTA, s, shards.length(size, s), ContentDigest.ofBytes(block)));
    }
    return new UpdatePayload(values, encoding, blocks, digests);
  }

  int shards() {
    return blocks.size();
  }

  /** Bytes of all shards. */
  public long bytes() {
    return blocks.stream().mapToLong(ByteBuffer::remaining).sum();
  }
}
