package io.coppice.console.predict;

import io.coppice.learning.data.Dataset;
import io.coppice.learning.engine.Network.LayerChoice;
import io.coppice.learning.export.TrainedModel;
import java.util.List;

/**
 * What predicts, and on what.
 *
 * @param model the model
 * @param data the images
 * @param choices how the pruned model's layers are computed
 * @param kernels the sparse kernels of this processor
 */
record Subject(TrainedModel model, Dataset data, List<LayerChoice> choices, String kernels) {

  /** Parameters of the dense model. */
  int parameters() {
    return model.parameters().length;
  }
}
