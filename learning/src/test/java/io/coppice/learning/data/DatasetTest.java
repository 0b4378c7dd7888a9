package io.coppice.learning.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class DatasetTest {

  private static final Dataset.Shape SHAPE = new Dataset.Shape(1, 1, 2, 3);

  private final Dataset data =
      Dataset.ofFloats(
          SHAPE,
          new float[][] {{0, 0.1f}, {0.2f, 0.3f}, {0.4f, 0.5f}},
          new int[] {2, 0, 1},
          new int[] {0, 0, 1});

  @Test
  void aSubsetOfASubsetIsAViewOfTheWhole() {
    Dataset subset = data.subset(new int[] {2, 0}).subset(new int[] {1, 0, 0});
    assertThat(subset.size()).isEqualTo(3);
    assertThat(subset.label(0)).isEqualTo(2);
    assertThat(subset.label(2)).isEqualTo(1);
    assertThat(subset.writer(1)).isEqualTo(1);
    assertThat(subset.writers()).isEqualTo(2);
    float[] image = new float[2];
    subset.copyImage(0, image, 0);
    assertThat(image).containsExactly(0, 0.1f);
    assertThatThrownBy(() -> data.subset(new int[] {3}))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> subset.label(3)).isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  void dataThatDoNotKnowTheirWritersSaySo() {
    Dataset bytes = Dataset.ofBytes(SHAPE, new byte[] {0, 1}, new int[] {0});
    assertThat(bytes.knowsWriters()).isFalse();
    assertThat(data.knowsWriters()).isTrue();
    assertThatThrownBy(bytes::writers).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> bytes.writer(0)).hasMessageContaining("who wrote an image");
  }

  @Test
  void arraysThatDoNotFitAreRefused() {
    assertThatThrownBy(() -> Dataset.ofBytes(SHAPE, new byte[3], new int[1]))
        .hasMessage("1 labels need 2 bytes of images, not 3.");
    assertThatThrownBy(() -> Dataset.ofBytes(SHAPE, new byte[2], new int[] {3}))
        .hasMessage("Image 0 has label 3, which is not in 0 to 2.");
    assertThatThrownBy(() -> Dataset.ofFloats(SHAPE, new float[1][1], new int[1], null))
        .hasMessage("Image 0 has 1 values instead of 2.");
    assertThatThrownBy(() -> Dataset.ofFloats(SHAPE, new float[1][2], new int[2], null))
        .hasMessageContaining("2 labels need as many images");
    assertThatThrownBy(() -> Dataset.ofFloats(SHAPE, new float[1][2], new int[1], new int[2]))
        .hasMessageContaining("1 labels need as many images and writers");
    assertThatThrownBy(() -> new Dataset.Shape(0, 1, 1, 1)).hasMessageContaining("at least 1");
  }
}
