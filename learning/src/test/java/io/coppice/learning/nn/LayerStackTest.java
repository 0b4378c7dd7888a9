package io.coppice.learning.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coppice.learning.model.ParameterLayout;
import io.coppice.learning.model.ParameterTensor.Role;
import io.coppice.learning.nn.LayerSpec.AveragePool;
import io.coppice.learning.nn.LayerSpec.BatchNorm;
import io.coppice.learning.nn.LayerSpec.Convolution;
import io.coppice.learning.nn.LayerSpec.DepthwiseConvolution;
import io.coppice.learning.nn.LayerSpec.Flatten;
import io.coppice.learning.nn.LayerSpec.GlobalAveragePool;
import io.coppice.learning.nn.LayerSpec.Linear;
import io.coppice.learning.nn.LayerSpec.MaxPool;
import io.coppice.learning.nn.LayerSpec.Relu;
import io.coppice.learning.nn.LayerSpec.Residual;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LayerStackTest {

  private static final KaimingUniform INIT = KaimingUniform.DEFAULT;

  /** Sizes by the formula of PyTorch's Conv2d: floor((n + 2 x padding - kernel) / stride) + 1. */
  @ParameterizedTest
  @CsvSource({
    "3, 1, 1, 7, 8",
    "3, 1, 0, 5, 6",
    "3, 2, 1, 4, 4",
    "1, 2, 0, 4, 4",
    "2, 2, 0, 3, 4",
    "7, 2, 3, 4, 4",
    "5, 3, 2, 3, 3",
    "7, 1, 0, 1, 2"
  })
  void windowsMoveByTheStride(int kernel, int stride, int padding, int height, int width) {
    Shape input = new Shape(3, 7, 8);
    assertThat(new Convolution("c", 5, kernel, stride, padding, false, true, INIT).output(input))
        .isEqualTo(new Shape(5, height, width));
    assertThat(new DepthwiseConvolution("d", kernel, stride, padding, false, INIT).output(input))
        .isEqualTo(new Shape(3, height, width));
    if (padding <= kernel / 2) {
      assertThat(new MaxPool(kernel, stride, padding).output(input))
          .isEqualTo(new Shape(3, height, width));
    }
  }

  @Test
  void averagesAndFlatteningHaveTheirShapes() {
    Shape input = new Shape(3, 7, 8);
    assertThat(new AveragePool(3).output(input)).isEqualTo(new Shape(3, 2, 2));
    assertThat(new GlobalAveragePool().output(input)).isEqualTo(new Shape(3, 1, 1));
    assertThat(new Flatten().output(input)).isEqualTo(new Shape(168, 1, 1));
    assertThat(new MaxPool(3)).isEqualTo(new MaxPool(3, 3, 0));
  }

  @Test
  void parametersLieInTheOrderOfExecutionTheBodyBeforeTheShortcut() {
    LayerStack stack =
        new LayerStack(
            new Shape(2, 8, 8),
            List.of(
                new Convolution("stem", 4, 3, 1, INIT),
                new Residual(
                    List.of(
                        new DepthwiseConvolution("body.0", 3, 2, 1, true, INIT),
                        new BatchNorm("body.1"),
                        new Relu(),
                        new Convolution("body.2", 6, 1, 1, 0, false, true, INIT)),
                    List.of(new Convolution("shortcut", 6, 1, 2, 0, true, false, INIT))),
                new GlobalAveragePool(),
                new Linear("head", 3, INIT)));
    ParameterLayout expected =
        ParameterLayout.builder()
            .weight("stem", List.of(4, 2, 3, 3))
            .bias("stem", 4)
            .weight("body.0", List.of(4, 1, 3, 3))
            .bias("body.0", 4)
            .unprunableWeight("body.1", List.of(4))
            .bias("body.1", 4)
            .runningStatistics("body.1", 4)
            .weight("body.2", List.of(6, 4, 1, 1))
            .unprunableWeight("shortcut", List.of(6, 4, 1, 1))
            .bias("shortcut", 6)
            .weight("head", List.of(3, 6))
            .bias("head", 3)
            .build();
    assertThat(stack.layout()).isEqualTo(expected);
    assertThat(stack.output(1)).isEqualTo(new Shape(6, 4, 4));
    assertThat(stack.outputPositions()).containsExactly(64, 16, 16, 1);
  }

  @Test
  void aTensorIsFoundByLayerAndRole() {
    ParameterLayout layout =
        new LayerStack(
                new Shape(2, 4, 4),
                List.of(
                    new Convolution("conv", 3, 3, 1, 1, false, true, INIT), new BatchNorm("norm")))
            .layout();
    assertThat(layout.find("norm", Role.RUNNING_MEAN).orElseThrow().offset()).isEqualTo(54 + 6);
    assertThat(layout.find("norm", Role.RUNNING_VARIANCE).orElseThrow().offset()).isEqualTo(63);
    assertThat(layout.find("norm", Role.WEIGHT).orElseThrow().prunable()).isFalse();
    assertThat(layout.find("conv", Role.BIAS)).isEmpty();
    assertThat(layout.find("none", Role.WEIGHT)).isEmpty();
    assertThat(layout.biasOf(layout.prunable().getFirst())).isNull();
    assertThat(layout.fixedSize()).isEqualTo(4 * 3);
  }

  @Test
  void aBlockWhoseBranchesDoNotFitIsRefused() {
    assertThatThrownBy(
            () ->
                new LayerStack(
                    new Shape(2, 8, 8),
                    List.of(
                        new Residual(
                            List.of(new Convolution("c", 4, 3, 2, 1, false, true, INIT)),
                            List.of()))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "the body of a residual block makes 4 x 4 x 4 of 2 x 8 x 8, but its shortcut 2 x 8 x 8");
  }

  @Test
  void activationsAreOfAllLayersThoseInBlocksIncluded() {
    Convolution halving = new Convolution("half", 4, 3, 2, 1, false, true, INIT);
    Convolution same = new Convolution("same", 4, 3, 1, 1, false, true, INIT);
    Convolution shortcut = new Convolution("shortcut", 4, 1, 2, 0, false, true, INIT);
    LayerStack stack =
        new LayerStack(
            new Shape(2, 6, 8),
            List.of(
                new Relu(),
                new Residual(List.of(halving, same), List.of(shortcut)),
                new GlobalAveragePool()));
    int input = 2 * 6 * 8;
    int half = 4 * 3 * 4;
    assertThat(stack.activations()).isEqualTo(2 * input + (2 * half + half) + half + 4);
  }

  @Test
  void aNameIsTakenOnce() {
    assertThatThrownBy(
            () ->
                new LayerStack(
                    new Shape(2, 8, 8),
                    List.of(
                        new BatchNorm("norm"),
                        new Residual(List.of(new BatchNorm("norm")), List.of()))))
        .hasMessage("two layers are called norm");
  }

  @Test
  void layersThatCannotBeAreRefusedInOneSentence() {
    assertThatThrownBy(() -> new Convolution("c", 4, 0, 1, 0, true, true, INIT))
        .hasMessage(
            "Layer c needs squares and a stride of at least 1 pixel and a padding of at least 0,"
                + " not 0, 1 and 0.");
    assertThatThrownBy(() -> new DepthwiseConvolution("d", 3, 0, 0, true, INIT))
        .hasMessageContaining("not 3, 0 and 0");
    assertThatThrownBy(() -> new Convolution("c", 0, 1, 1, 0, true, true, INIT))
        .hasMessage("Layer c needs at least 1 output, not 0.");
    assertThatThrownBy(() -> new MaxPool(2, 2, -1)).hasMessageContaining("not 2, 2 and -1");
    assertThatThrownBy(() -> new MaxPool(3, 2, 2))
        .hasMessage("Max-pooling of 3 x 3 pixels takes a padding of at most half of that, not 2.");
    assertThatThrownBy(() -> new AveragePool(3).output(new Shape(1, 2, 5)))
        .hasMessage("there are no squares of 3 x 3 in 2 x 5 pixels to pool");
    assertThatThrownBy(
            () -> new DepthwiseConvolution("d", 4, 1, 0, true, INIT).output(new Shape(1, 3, 5)))
        .hasMessage("layer d cannot convolve 3 x 5 pixels with a kernel of 4 x 4");
  }
}
