package io.coppice.aggregator.rounds;

import io.coppice.learning.model.Shards;
import io.coppice.schemas.LayerMask;
import io.coppice.schemas.MaskPublished;
import io.coppice.schemas.TrainingRun;
import java.util.List;

/**
 * How many values an update of a round has, and how they are cut.
 *
 * @param shards how vectors are cut
 * @param deltaValues values of the delta: the active parameters
 * @param importanceValues values of the importance: all parameters, or 0 where the round does not ask for it
 */
record UpdateShape(Shards shards, int deltaValues, int importanceValues) {

  /** The shape that follows from the run's definition and the mask in force. */
  static UpdateShape of(TrainingRun run, MaskPublished mask, boolean importance) {
    return new UpdateShape(
        new Shards(run.getShardValues()),
        mask.getActiveParameters(),
        importance ? allParameters(mask) : 0);
  }

  /** Active parameters, less the active weights, and all weights instead. */
  private static int allParameters(MaskPublished mask) {
    int parameters = mask.getActiveParameters();
    for (LayerMask layer : mask.getLayers()) {
      parameters += Math.toIntExact(weights(layer.getShape())) - layer.getKept();
    }
    return parameters;
  }

  /** Number of weights of a layer. */
  static long weights(List<Integer> shape) {
    return shape.stream().mapToLong(Integer::longValue).reduce(1, Math::multiplyExact);
  }

  int deltaShards() {
    return shards.count(deltaValues);
  }

  int importanceShards() {
    return shards.count(importanceValues);
  }
}
