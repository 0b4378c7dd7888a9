package io.coppice.aggregator.shards;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.coppice.aggregator.Fault;
import io.coppice.learning.encoding.Encoding;
import io.coppice.schemas.ContentDigest;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.RejectReason;
import io.coppice.schemas.ShardKind;
import io.coppice.schemas.UpdateShard;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What can be said about one shard of an update without knowing anything but the shard. A shard is used if {@link #sender},
 * {@link #key}, {@link #fields} and {@link #values} find nothing, in this order.
 */
public final class ShardChecks {

  /** Far above any model (65,536 shards of 65,536 values are 16 GiB), and a bound on what one record can make us wait for. */
  static final int MAX_SHARDS = 1 << 16;

  /** The rounds behind the last closed one for which updates are taken: the open one, and one more should a close be slow. */
  static final int ROUNDS_AHEAD = 2;

  /** What stands for the last closed round of a run that has not closed any. */
  static final int BEFORE_ALL_ROUNDS = -2;

  /** Round -1, initial pruning; a run without it begins with round 0, and the close of that one may be slow, too. */
  private static final int FIRST_ROUND = -1;

  private ShardChecks() {}

  /** Whether it can be told whose update the shard is a part of; without that there is nobody to report to. */
  public static Optional<Fault> sender(UpdateShard shard) {
    if (!LogKeys.isName(shard.getRunId()) || !LogKeys.isName(shard.getAgentId())) {
      return fault(
          RejectReason.MALFORMED, "Run and agent are named by 1 to 64 of a-z, 0-9 and '-'.");
    }
    if (shard.getSubmission().remaining() != ContentDigest.BYTES) {
      return fault(
          RejectReason.MALFORMED,
          "The submission's digest has %d bytes instead of %d.",
          shard.getSubmission().remaining(),
          ContentDigest.BYTES);
    }
    return Optional.empty();
  }

  /** Whether the round is one for which updates are taken. */
  static Optional<Fault> round(UpdateShard shard, OptionalInt closed) {
    int last = closed.orElse(BEFORE_ALL_ROUNDS);
    int most = Math.max(last, FIRST_ROUND) + ROUNDS_AHEAD;
    if (shard.getRound() < FIRST_ROUND) {
      return fault(
          RejectReason.MALFORMED, "Rounds are numbered from -1, not %d.", shard.getRound());
    }
    if (shard.getRound() <= last) {
      return fault(RejectReason.LATE, "Round %d is closed.", shard.getRound());
    }
    if (shard.getRound() > most) {
      return fault(
          RejectReason.EARLY,
          "Updates are taken up to round %d, not yet for round %d.",
          most,
          shard.getRound());
    }
    return Optional.empty();
  }

  /** Whether the record lies under the key of its shard: whoever reads one run goes by the keys. */
  public static Optional<Fault> key(UpdateShard shard, byte[] key) {
    String due = LogKeys.shard(shard.getRunId(), shard.getKind(), shard.getShard());
    return Arrays.equals(due.getBytes(UTF_8), key)
        ? Optional.empty()
        : fault(RejectReason.MALFORMED, "The key of this shard is %s, and no other.", due);
  }

  /**
   * Whether the fields fit each other and the place where the record lies.
   *
   * @param own the shards that lie in the record's partition
   */
  public static Optional<Fault> fields(UpdateShard shard, PartitionShards own) {
    if (shard.getDeltaShards() < 1
        || shard.getDeltaShards() > MAX_SHARDS
        || shard.getImportanceShards() < 0
        || shard.getImportanceShards() > MAX_SHARDS) {
      return fault(
          RejectReason.MALFORMED,
          "An update has 1 to %d delta shards and at most as many of importance, not %d and %d.",
          MAX_SHARDS,
          shard.getDeltaShards(),
          shard.getImportanceShards());
    }
    int count =
        shard.getKind() == ShardKind.DELTA ? shard.getDeltaShards() : shard.getImportanceShards();
    if (shard.getShard() < 0 || shard.getShard() >= count) {
      return fault(
          RejectReason.MALFORMED,
          "There is no %s shard %d among %d.",
          shard.getKind(),
          shard.getShard(),
          count);
    }
    if (!own.holds(shard.getShard())) {
      return fault(
          RejectReason.MALFORMED,
          "Shard %d belongs into partition %d, not %d.",
          shard.getShard(),
          LogKeys.shardPartition(shard.getShard(), own.partitions()),
          own.partition());
    }
    if (shard.getWeight() < 1) {
      return fault(RejectReason.BAD_WEIGHT, "A weight is at least 1, not %d.", shard.getWeight());
    }
    return encoded(shard);
  }

  /** Whether the bytes are as many values as the shard says. */
  private static Optional<Fault> encoded(UpdateShard shard) {
    int count = shard.getValueCount();
    Encoding encoding = encoding(shard);
    if (count < 1 || !encoding.fits(shard.getValues().remaining(), count)) {
      return fault(
          RejectReason.WRONG_SHAPE,
          "%d bytes are not %d values in %s.",
          shard.getValues().remaining(),
          count,
          encoding);
    }
    return encoding
        .fault(shard.getValues(), count)
        .map(detail -> new Fault(RejectReason.MALFORMED, detail));
  }

  /**
   * Whether the first {@code count} values are numbers.
   *
   * @param values the decoded values of a shard whose fields fit
   */
  public static Optional<Fault> values(UpdateShard shard, float[] values, int count) {
    for (int i = 0; i < count; i++) {
      if (!Float.isFinite(values[i])) {
        return fault(
            RejectReason.NON_FINITE,
            "Value %d of %s shard %d is %s.",
            i,
            shard.getKind(),
            shard.getShard(),
            values[i]);
      }
    }
    return Optional.empty();
  }

  /** How the shard's values are encoded. */
  public static Encoding encoding(UpdateShard shard) {
    return Encoding.valueOf(shard.getEncoding().name());
  }

  private static Optional<Fault> fault(RejectReason reason, String detail, Object... arguments) {
    return Optional.of(Fault.of(reason, detail, arguments));
  }
}
