package io.coppice.console.predict;

import io.coppice.learning.data.Dataset;
import io.coppice.learning.engine.Network.LayerChoice;
import io.coppice.learning.nn.Architecture;
import io.coppice.replay.RunDefinition;
import io.coppice.replay.RunModel;
import java.util.List;

/**
 * What predicts, and on what.
 *
 * @param run the run that made the model
 * @param model the model
 * @param data the images
 * @param choices how the pruned model's layers are computed
 * @param kernels the sparse kernels of this processor
 */
record Subject(
    RunDefinition run, RunModel model, Dataset data, List<LayerChoice> choices, String kernels) {

  Architecture architecture() {
    return run.architecture();
  }

  /** Parameters of the dense model. */
  int parameters() {
    return run.layout().size();
  }

  /** Bytes of the dense model, stored or sent as float32. */
  long denseBytes() {
    return (long) Float.BYTES * parameters();
  }
}
