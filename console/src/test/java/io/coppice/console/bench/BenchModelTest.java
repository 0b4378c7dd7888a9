package io.coppice.console.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coppice.console.SmallMnist;
import io.coppice.learning.nn.InitialParameters;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BenchModelTest {

  @TempDir private Path directory;

  @Test
  void mnistIsTakenWhereItIs() throws IOException {
    Path mnist = SmallMnist.write(directory.resolve("mnist"), 60, 10);
    BenchModel model = BenchModel.of("lenet5", mnist);
    assertThat(model.dataName()).isEqualTo("MNIST");
    assertThat(model.data().size()).isEqualTo(60);
  }

  @Test
  void elseImagesAreDrawnAndTheModelIsTrainedOnThem() {
    BenchModel model = BenchModel.of("lenet5", directory.resolve("none"));
    assertThat(model.dataName()).isEqualTo("synthetic blobs");
    assertThat(model.data().classes()).isEqualTo(10);
    assertThat(model.parameters())
        .hasSize(61_706)
        .isNotEqualTo(InitialParameters.of(model.architecture(), 0));
    for (float parameter : model.parameters()) {
      assertThat(parameter).isFinite();
    }
  }

  @Test
  void imagesComeAgainOnceAllHaveBeenTaken() {
    BenchModel model = BenchModel.of("mlp", directory.resolve("none"));
    int size = model.data().size();
    int[] indices = model.indices(size + 3);
    assertThat(indices).startsWith(indices[size], indices[size + 1], indices[size + 2]);
    assertThat(java.util.Arrays.stream(indices).distinct()).hasSize(size);
  }

  @Test
  void anUnknownNetworkIsNamed() {
    assertThatThrownBy(() -> BenchModel.of("perceptron", directory))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("There is no benchmark of network 'perceptron': choose from conv2");
  }
}
