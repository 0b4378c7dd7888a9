package io.coppice.learning.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is said of the scaling of data is what their readers do. */
class PixelScalingTest {

  @TempDir private Path temporary;

  @Test
  void cifar10IsNormalisedByChannel() throws IOException {
    byte[] record = new byte[1 + 3 * 1024];
    Arrays.fill(record, 1, record.length, (byte) 51);
    Dataset data = Cifar10Reader.read(List.of(Files.write(temporary.resolve("batch"), record)));
    float[] image = new float[data.imageSize()];
    data.copyImage(0, image, 0);
    PixelScaling scaling = Datasets.scaling(data.shape());
    for (int channel = 0; channel < 3; channel++) {
      assertThat(image[channel * 1024 + 7]).isEqualTo(scaling.value(channel, 51 / 255f));
    }
    assertThat(image[7]).isEqualTo((0.2f - 0.4914f) / 0.2023f);
  }

  @Test
  void femnistIsInverted() throws IOException {
    String pixels = "0.25" + ",1".repeat(28 * 28 - 1);
    Path file =
        Files.writeString(
            temporary.resolve("leaf.json"),
            "{\"users\":[\"a\"],\"num_samples\":[1],\"user_data\":{\"a\":{\"x\":[["
                + pixels
                + "]],\"y\":[3]}}}");
    Dataset data = LeafReader.read(List.of(file));
    float[] image = new float[data.imageSize()];
    data.copyImage(0, image, 0);
    PixelScaling scaling = Datasets.scaling(data.shape());
    assertThat(image[0]).isEqualTo(scaling.value(0, 0.25f)).isEqualTo(0.75f);
    assertThat(image[1]).isZero();
  }

  @Test
  void allOthersAreAsTheyAre() {
    Dataset.Shape shape = new Dataset.Shape(2, 1, 1, 10);
    Dataset data = Dataset.ofBytes(shape, new byte[] {51, (byte) 255}, new int[1]);
    float[] image = new float[2];
    data.copyImage(0, image, 0);
    PixelScaling scaling = Datasets.scaling(shape);
    assertThat(image)
        .containsExactly(scaling.value(0, 0.2f), scaling.value(1, 1))
        .containsExactly(0.2f, 1);
    assertThatThrownBy(() -> new PixelScaling(List.of(0f), List.of()))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
