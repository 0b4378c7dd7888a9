package io.coppice.audit.diff;

import io.coppice.schemas.ShardKind;

/** Where two runs part. */
public sealed interface Parting {

  /** The first round whose records differ. */
  int round();

  /**
   * Their masks.
   *
   * @param round the first round under them
   * @param firstVersion the mask's version in the first run
   * @param secondVersion its version in the second run
   * @param parameter the first weight that is active in only one of them, such as {@code fc1.weight[3][5]}
   * @param layer its prunable layer
   * @param index its row-major index in the layer
   * @param activeInFirst whether it is active in the first run
   */
  record InMask(
      int round,
      int firstVersion,
      int secondVersion,
      String parameter,
      String layer,
      int index,
      boolean activeInFirst)
      implements Parting {}

  /**
   * What was added to the model, or what agents uploaded for the mask decision.
   *
   * @param kind which of the two
   * @param shard of the aggregate
   * @param index in the shard
   * @param parameter what the value belongs to, such as {@code fc1.bias[7]}
   * @param first the value in the first run
   * @param second the value in the second run
   */
  record InAggregate(
      int round, ShardKind kind, int shard, int index, String parameter, float first, float second)
      implements Parting {}

  /**
   * Only one of them has asked its agents for what mask decisions are made from.
   *
   * @param inFirst whether the first run has
   */
  record InUpload(int round, boolean inFirst) implements Parting {}
}
