package io.coppice.learning.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The kernels in use against those in plain loops. All values are small whole numbers, on which float arithmetic is exact, so the
 * results are equal to the bit in whatever order they are added up.
 */
class KernelsTest {

  /** What lies where nobody may write. */
  private static final float CANARY = 12345;

  private static final int[] BATCHES = {1, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 64, 100};

  private final Kernels kernels = Kernels.best();
  private final Kernels scalar = Kernels.scalar();

  @Property(tries = 300, seed = "1")
  void correlate(
      @ForAll @IntRange(min = 1, max = 6) int maps,
      @ForAll @IntRange(min = 1, max = 20) int channels,
      @ForAll @IntRange(min = 1, max = 12) int rows,
      @ForAll @IntRange(min = 1, max = 180) int run,
      @ForAll boolean inStep,
      @ForAll boolean withBias,
      @ForAll long seed) {
    Convolution c = new Convolution(new Random(seed), maps, channels, rows, run, inStep);
    float[] bias = withBias ? c.draw(maps) : null;
    float[] expected = c.canaries();
    scalar.correlate(c.taps, bias, c.in, c.inOrigin, expected, c.outOrigin, c.sweep);
    float[] actual = c.canaries();
    kernels.correlate(c.taps, bias, c.in, c.inOrigin, actual, c.outOrigin, c.sweep);
    for (int map = 0; map < maps; map++) {
      for (int y = 0; y < rows; y++) {
        int from = c.outOrigin + map * c.sweep.outPlane() + y * c.sweep.outPitch();
        assertThat(unsigned(Arrays.copyOfRange(actual, from, from + run)))
            .as("map %d, row %d", map, y)
            .isEqualTo(unsigned(Arrays.copyOfRange(expected, from, from + run)));
      }
    }
    assertCanaries(actual, 0, c.outOrigin);
    // Between the rows anything goes, and behind the last one as far as the slack.
    int end = c.outOrigin + (maps - 1) * c.sweep.outPlane() + (rows - 1) * c.sweep.outPitch();
    assertCanaries(actual, end + Kernels.withSlack(run) + Kernels.SLACK, actual.length);
  }

  @Property(tries = 200, seed = "2")
  void correlateGradient(
      @ForAll @IntRange(min = 1, max = 6) int maps,
      @ForAll @IntRange(min = 1, max = 20) int channels,
      @ForAll @IntRange(min = 1, max = 12) int rows,
      @ForAll @IntRange(min = 1, max = 180) int run,
      @ForAll long seed) {
    Convolution c = new Convolution(new Random(seed), maps, channels, rows, run, false);
    float[] outGradient = new float[c.canaries().length];
    for (int map = 0; map < maps; map++) {
      for (int y = 0; y < rows; y++) {
        int from = c.outOrigin + map * c.sweep.outPlane() + y * c.sweep.outPitch();
        System.arraycopy(c.draw(run), 0, outGradient, from, run);
      }
    }
    compare(
        c.taps.size(),
        (on, gradient) ->
            on.correlateGradient(
                c.taps, c.in, c.inOrigin, outGradient, c.outOrigin, c.sweep, gradient));
  }

  @Property(tries = 200, seed = "3")
  void patchGradient(
      @ForAll @IntRange(min = 1, max = 7) int kernelRows,
      @ForAll @IntRange(min = 1, max = 300) int rowLength,
      @ForAll @IntRange(min = 0, max = 40) int count,
      @ForAll long seed) {
    Random random = new Random(seed);
    int rowPitch = rowLength + random.nextInt(50);
    int places = 30;
    AlignedFloats patches = aligned(random, places + (kernelRows - 1) * rowPitch + rowLength);
    int from = random.nextInt(5);
    int[] positions = random.ints(from + count, 0, places + 1).toArray();
    float[] values = draw(random, from + count);
    int pitch = Kernels.withSlack(rowLength);
    int origin = 7;
    float[] start = draw(random, origin + kernelRows * pitch + 20);
    float[] expected = start.clone();
    float[] actual = start.clone();
    scalar.patchGradient(
        positions, values, from, count, patches, rowPitch, kernelRows, rowLength, expected, origin);
    kernels.patchGradient(
        positions, values, from, count, patches, rowPitch, kernelRows, rowLength, actual, origin);
    // The slack of a row takes anything.
    for (int row = 0; row < kernelRows; row++) {
      Arrays.fill(actual, origin + row * pitch + rowLength, origin + (row + 1) * pitch, 0);
      Arrays.fill(expected, origin + row * pitch + rowLength, origin + (row + 1) * pitch, 0);
    }
    assertThat(unsigned(actual)).isEqualTo(unsigned(expected));
  }

  @Property(tries = 300, seed = "4")
  void linearLayers(
      @ForAll @IntRange(min = 1, max = 20) int rows,
      @ForAll @IntRange(min = 1, max = 700) int columns,
      @ForAll @IntRange(min = 0, max = 100) int percent,
      @ForAll @IntRange(min = 0, max = 12) int batchNumber,
      @ForAll boolean inBlocks,
      @ForAll long seed) {
    Random random = new Random(seed);
    int batch = BATCHES[batchNumber];
    int[] active =
        IntStream.range(0, rows * columns)
            // Some rows and columns are empty.
            .filter(i -> (i / columns + 1) % 4 != 0 && (i % columns + 1) % 5 != 0)
            .filter(i -> random.nextInt(100) < percent)
            .toArray();
    SparseMatrix matrix =
        inBlocks
            ? SparseMatrix.inBlocks(rows, columns, active, batch)
            : SparseMatrix.inOneBlock(rows, columns, active);
    float[] weights = draw(random, active.length);
    float[] bias = draw(random, rows);
    float[] x = draw(random, columns * batch);
    float[] yGradient = draw(random, rows * batch);

    System.arraycopy(weights, 0, matrix.values(), 0, weights.length);
    compare(rows * batch, (on, y) -> on.multiply(matrix, bias, x, y, batch));
    compare(columns * batch, (on, to) -> on.multiplyTransposed(matrix, yGradient, to, batch));
    compare(active.length, (on, to) -> on.multiplyGradient(matrix, x, yGradient, batch, to));
    float[][] moved = new float[2][];
    compare(
        columns * batch,
        (on, to) -> {
          System.arraycopy(weights, 0, matrix.values(), 0, weights.length);
          on.backward(matrix, x, yGradient, to, batch, 0.5f);
          moved[on == kernels ? 0 : 1] = matrix.values().clone();
        });
    assertThat(unsigned(moved[0])).isEqualTo(unsigned(moved[1]));
  }

  @Test
  void aMatrixKnowsItsWeightsPlaces() {
    int[] active = IntStream.range(0, 40 * 900).filter(i -> i % 3 != 1).toArray();
    SparseMatrix matrix = SparseMatrix.inBlocks(40, 900, active, 64);
    assertThat(matrix.blocks()).isGreaterThan(1);
    for (int k = 0; k < active.length; k++) {
      assertThat(active[matrix.ranks()[k]]).isEqualTo(matrix.indices()[k]);
      assertThat(matrix.indices()[k] % 900).isEqualTo(matrix.columns()[k]);
    }
    assertThat(Arrays.stream(matrix.ranks()).sorted().toArray())
        .isEqualTo(IntStream.range(0, active.length).toArray());
  }

  @Property(tries = 200, seed = "5")
  void summedGradients(
      @ForAll @IntRange(min = 1, max = 64) int length,
      @ForAll @IntRange(min = 0, max = 50) int count,
      @ForAll boolean squared,
      @ForAll long seed) {
    Random random = new Random(seed);
    int kept = 30;
    int width = Kernels.GRADIENT_WIDTH;
    AlignedFloats inputs = aligned(random, kept * width);
    int from = random.nextInt(4);
    char[] samples = new char[from + count];
    for (int i = 0; i < samples.length; i++) {
      samples[i] = (char) random.nextInt(kept);
    }
    float[] values = draw(random, samples.length);
    compare(
        length,
        (on, target) ->
            on.addGradients(
                samples,
                values,
                from,
                samples.length,
                inputs,
                width,
                squared,
                3,
                target,
                0,
                length));
  }

  @Test
  void samplesBeyondTheRangeOfAShortAreFound() {
    int kept = 1 << Character.SIZE;
    int width = Kernels.GRADIENT_WIDTH;
    AlignedFloats inputs = new AlignedFloats(kept * width);
    inputs.set((kept - 1) * width + 5, 2);
    char[] samples = {Character.MAX_VALUE};
    for (Kernels on : new Kernels[] {kernels, scalar}) {
      for (boolean squared : new boolean[] {true, false}) {
        float[] target = new float[width];
        on.addGradients(
            samples, new float[] {-3}, 0, 1, inputs, width, squared, 1, target, 0, width);
        float[] expected = new float[width];
        expected[5] = squared ? 36 : -6;
        assertThat(target[5]).isEqualTo(expected[5]);
        target[5] = 0;
        assertThat(target).containsOnly(0f);
      }
    }
  }

  @Property(tries = 100, seed = "6")
  void sumsAndRelu(@ForAll @IntRange(min = 0, max = 100) int length, @ForAll long seed) {
    Random random = new Random(seed);
    int p = random.nextInt(9);
    int q = random.nextInt(9);
    float[] in = draw(random, p + length);
    float[] byOut = draw(random, q + length);
    assertThat(kernels.sum(in, p, length)).isEqualTo(scalar.sum(in, p, length));
    compare(length, (on, out) -> on.relu(in, p, out, 0, length));
    compare(length, (on, to) -> on.reluGradient(in, p, byOut, q, to, 0, length));
  }

  @Property(tries = 200, seed = "7")
  void maxPooling(
      @ForAll @IntRange(min = 0, max = 9) int pixels,
      @ForAll @IntRange(min = 0, max = 12) int batchNumber,
      @ForAll boolean rectified,
      @ForAll long seed) {
    Random random = new Random(seed);
    int batch = BATCHES[batchNumber];
    int lower = 2 * pixels * batch + 3;
    float[] in = draw(random, 2 * lower);
    float[] byOut = draw(random, pixels * batch);
    compare(
        pixels * batch, (on, out) -> on.maxPool2(in, 0, lower, out, 0, pixels, batch, rectified));
    float[] out = new float[pixels * batch];
    scalar.maxPool2(in, 0, lower, out, 0, pixels, batch, rectified);
    compare(
        4 * pixels * batch,
        (on, to) ->
            on.maxPool2Gradient(
                in,
                0,
                lower,
                out,
                0,
                byOut,
                0,
                to,
                0,
                2 * pixels * batch,
                pixels,
                batch,
                rectified));
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 5, 6, 7, 18})
  void aBatchThatIsNotFilledUpIsRefused(int batch) {
    assumeFalse(kernels instanceof ScalarKernels, "plain loops take any batch");
    SparseMatrix matrix = SparseMatrix.inOneBlock(1, 1, new int[] {0});
    float[] values = new float[64];
    assertThatThrownBy(() -> kernels.multiply(matrix, new float[1], values, values, batch))
        .hasMessageStartingWith("A batch is 1 or a multiple of 4, not ");
  }

  /** A call whose result is compared. */
  private interface Call {
    void on(Kernels kernels, float[] result);
  }

  /** Compares what both kernels write, from equal values that are added to, and that they write nothing behind it. */
  private void compare(int size, Call call) {
    float[] start = new float[size + 2 * Kernels.SLACK];
    for (int i = 0; i < size; i++) {
      start[i] = i % 3;
    }
    Arrays.fill(start, size, start.length, CANARY);
    float[] expected = start.clone();
    call.on(scalar, expected);
    float[] actual = start.clone();
    call.on(kernels, actual);
    assertThat(unsigned(actual)).isEqualTo(unsigned(expected));
    assertCanaries(actual, size, actual.length);
  }

  /** The same without the sign of zeros, which depends on where a sum begins. */
  private static float[] unsigned(float[] values) {
    float[] unsigned = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      unsigned[i] = values[i] + 0f;
    }
    return unsigned;
  }

  private static void assertCanaries(float[] values, int from, int to) {
    for (int i = from; i < to; i++) {
      assertThat(values[i]).as("value %d", i).isEqualTo(CANARY);
    }
  }

  private static float[] draw(Random random, int size) {
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = random.nextInt(5) - 2;
    }
    return values;
  }

  private static AlignedFloats aligned(Random random, int size) {
    AlignedFloats values = new AlignedFloats(size);
    for (int i = 0; i < size; i++) {
      values.set(i, random.nextInt(5) - 2);
    }
    return values;
  }

  /** A convolution of random weights: what they see begins anywhere in their channel. */
  private static final class Convolution {

    private final Random random;
    private final Taps taps;
    private final float[] in;
    private final int inOrigin;
    private final int outOrigin;
    private final Sweep sweep;

    Convolution(Random random, int maps, int channels, int rows, int run, boolean inStep) {
      this.random = random;
      int outPitch = Kernels.withSlack(run) + 4 * random.nextInt(3);
      int inPitch = inStep ? outPitch : run + random.nextInt(40);
      int plane = (rows + 2) * inPitch;
      int[] starts = new int[maps + 1];
      IntStream.Builder seen = IntStream.builder();
      IntStream.Builder offsets = IntStream.builder();
      int weights = 0;
      for (int map = 0; map < maps; map++) {
        for (int channel = 0; channel < channels; channel++) {
          // Some maps have no weights at all, others many of a channel.
          int ofChannel = map % 3 == 2 ? 0 : random.nextInt(7);
          for (int k = 0; k < ofChannel; k++, weights++) {
            seen.add(channel);
            offsets.add(channel * plane + random.nextInt(2 * inPitch));
          }
        }
        starts[map + 1] = weights;
      }
      this.taps = new Taps(starts, seen.build().toArray(), offsets.build().toArray(), channels);
      System.arraycopy(draw(weights), 0, taps.values(), 0, weights);
      this.inOrigin = random.nextInt(5);
      this.in = draw(inOrigin + channels * plane + run + 2 * Kernels.SLACK);
      this.outOrigin = random.nextInt(5);
      this.sweep = new Sweep(rows, run, inPitch, outPitch, rows * outPitch + random.nextInt(9));
    }

    float[] draw(int size) {
      return KernelsTest.draw(random, size);
    }

    float[] canaries() {
      float[] out = new float[outOrigin + taps.maps() * sweep.outPlane() + 4 * Kernels.SLACK];
      Arrays.fill(out, CANARY);
      return out;
    }
  }
}
