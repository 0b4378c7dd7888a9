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
public record UpdateShape(Shards shards, int deltaValues, int importanceValues) {

  /**
   * The shape that follows from the run's definition and the mask in force.
   *
   * @param mask the mask in force; its bitmaps are not looked at
   * @param importance whether the round asks for importance
   */
  public static UpdateShape of(TrainingRun run, MaskPublished mask, boolean importance) {
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

  /** How many shards the delta is cut into, at least 1. */
  public int deltaShards() {
    return shards.count(deltaValues);
  }

  /** How many shards the importance is cut into; 0 where the round does not ask for it. */
  public int importanceShards() {
    return shards.count(importanceValues);
  }
}
