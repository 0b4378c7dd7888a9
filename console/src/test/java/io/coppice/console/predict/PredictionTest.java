package io.coppice.console.predict;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coppice.console.UserError;
import io.coppice.learning.data.Dataset;
import io.coppice.learning.export.TrainedModel;
import io.coppice.learning.model.Mask;
import io.coppice.learning.nn.Architecture;
import io.coppice.learning.nn.Loss;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What cannot be computed is refused before it is begun. */
class PredictionTest {

  private final PrintWriter nowhere = new PrintWriter(new StringWriter());

  private Prediction prediction(Architecture architecture, Dataset data) {
    Mask full = Mask.full(architecture.layout());
    float[] parameters = new float[full.layout().size()];
    return new Prediction(
        new TrainedModel(
            "any", 0, 0, 0, architecture, Loss.SOFTMAX_CROSS_ENTROPY, full, parameters),
        data,
        nowhere);
  }

  private static Dataset blank(int channels, int side, int images) {
    return Dataset.ofBytes(
        new Dataset.Shape(channels, side, side, 10),
        new byte[images * channels * side * side],
        new int[images]);
  }

  @Test
  void imagesOfAnotherShapeAreRefused() {
    assertThatThrownBy(() -> prediction(Architecture.of("mlp", 1, 28, 28, 10), blank(3, 32, 1)))
        .isInstanceOf(UserError.class)
        .hasMessage(
            "--data: The network takes images of 1 x 28 x 28 (channels, rows, columns), but the data"
                + " set has images of 3 x 32 x 32.");
  }

  @Test
  void aBatchIsBoundedByTheImagesAndByMemory() {
    Prediction mlp = prediction(Architecture.of("mlp", 1, 28, 28, 10), blank(1, 28, 5));
    assertThatThrownBy(() -> mlp.run(List.of(1, 6), Optional.empty(), Optional.empty(), nowhere))
        .isInstanceOf(UserError.class)
        .hasMessage("--batch is at most the number of images, 5, not 6.");

    Prediction deep = prediction(Architecture.of("vgg11", 3, 32, 32, 10), blank(3, 32, 3000));
    assertThatThrownBy(() -> deep.run(List.of(3000), Optional.empty(), Optional.empty(), nowhere))
        .isInstanceOf(UserError.class)
        .hasMessageStartingWith("--batch 3000: the activations of such a batch take ")
        .hasMessageEndingWith(" GB, and 1.07 GB are allowed.");
  }
}
