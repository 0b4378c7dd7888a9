package io.coppice.learning.export;

import io.coppice.learning.data.Dataset;
import io.coppice.learning.data.Datasets;
import io.coppice.learning.data.PixelScaling;
import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterLayout;
import io.coppice.learning.nn.Architecture;
import io.coppice.learning.nn.Loss;

/**
 * A model on its own, without the log that it comes from: all that is needed to predict with it, and where it comes from.
 *
 * @param run id of the run that trained it
 * @param round the round after which it was taken; below the run's first round for the initial model
 * @param lastRound the last round of the run's definition
 * @param maskVersion version of the mask
 * @param architecture the network
 * @param loss what it was trained by, which says how its logits are probabilities
 * @param mask which weights are active
 * @param parameters all parameters in layout order, pruned ones with some value; not copied
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record TrainedModel(
    String run,
    int round,
    int lastRound,
    int maskVersion,
    Architecture architecture,
    Loss loss,
    Mask mask,
    float[] parameters) {

  /**
   * @throws IllegalArgumentException if mask or parameters belong to another architecture
   */
  public TrainedModel {
    ParameterLayout layout = architecture.layout();
    if (!mask.layout().equals(layout) || parameters.length != layout.size()) {
      throw new IllegalArgumentException(
          String.format(
              "Mask and parameters (%d) do not belong to network %s, which has %d parameters.",
              parameters.length, architecture.network(), layout.size()));
    }
  }

  /** The order of the parameters. */
  public ParameterLayout layout() {
    return mask.layout();
  }

  /** Bytes of all parameters as float32. */
  public long denseBytes() {
    return (long) Float.BYTES * parameters.length;
  }

  /** How the pixels of the images that the model takes are scaled ({@link Datasets#scaling}). */
  public PixelScaling pixelScaling() {
    return Datasets.scaling(
        new Dataset.Shape(
            architecture.channels(),
            architecture.height(),
            architecture.width(),
            architecture.classes()));
  }
}
