package io.coppice.pruning;

import io.coppice.learning.model.Mask;
import io.coppice.replay.LogTensors;
import io.coppice.replay.PublishedMasks;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.ClusterConfig;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.MaskPublished;
import io.coppice.schemas.StartMask;
import java.util.function.Function;

/** The mask that a run starts from: that of another run where its definition names one, else its policy's. */
public final class InitialMask {

  private InitialMask() {}

  /**
   * Finds the mask.
   *
   * @throws IllegalStateException if the mask that the definition names is not in the log
   */
  public static Mask of(ClusterConfig cluster, LogSerdes serdes, RunDefinition run) {
    return of(run, start -> PublishedMasks.start(cluster, serdes, start));
  }

  /**
   * Finds the mask.
   *
   * @param masks finds the mask that a definition names
   */
  public static Mask of(RunDefinition run, Function<StartMask, MaskPublished> masks) {
    StartMask start = run.run().getStart();
    return start == null
        ? MaskPolicy.named(run.run().getPruning().getPolicy())
            .initialMask(run, run.initialParameters())
        : LogTensors.fromLog(run.layout(), masks.apply(start).getLayers());
  }
}
