package io.coppice.learning.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.coppice.learning.model.Mask;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class NetworkTest {

  @Property(tries = 40, seed = "7")
  void logitsAndGradientsAreThoseOfThePlainDefinition(
      @ForAll @IntRange(min = 1, max = 3) int channels,
      @ForAll @IntRange(min = 6, max = 11) int height,
      @ForAll @IntRange(min = 6, max = 11) int width,
      @ForAll @IntRange(min = 1, max = 5) int filters,
      @ForAll @IntRange(min = 1, max = 3) int kernel,
      @ForAll @IntRange(min = 0, max = 2) int padding,
      @ForAll @IntRange(min = 1, max = 2) int pool,
      @ForAll @IntRange(min = 1, max = 9) int batch,
      @ForAll long seed) {
    LayerStack stack = stack(channels, height, width, filters, kernel, padding, pool);
    Random random = new Random(seed);
    float[] parameters = normal(random, stack.layout().size());
    float[] images = normal(random, batch * stack.input().size());
    float[] logitGradient = normal(random, batch * stack.output().size());

    float[] logits = new float[logitGradient.length];
    float[] gradient = new float[parameters.length];
    try (Network network = Network.forTraining(stack, batch)) {
      network.load(parameters, Mask.full(stack.layout()).factors());
      network.forward(images, logits);
      network.backward(logitGradient);
      network.update(
          (offset, length, values, gradients) ->
              System.arraycopy(gradients, 0, gradient, offset, length));
    }

    ReferenceNetwork reference = new ReferenceNetwork(stack, parameters);
    assertClose(logits, reference.forward(doubles(images)));
    assertClose(gradient, reference.backward(doubles(logitGradient)));
  }

  @Test
  void everyNamedNetworkComputesItsDefinition() {
    for (String name : List.of("lenet5", "mlp")) {
      Architecture architecture = Architecture.of(name, 1, 28, 28, 10);
      float[] parameters = InitialParameters.of(architecture, 3);
      float[] images = normal(new Random(1), 2 * 784);
      float[] logits = new float[20];
      try (Network network = Network.forInference(architecture.stack(), 2)) {
        network.load(parameters, Mask.full(architecture.layout()).factors());
        network.forward(images, logits);
      }
      assertClose(
          logits, new ReferenceNetwork(architecture.stack(), parameters).infer(doubles(images)));
    }
  }

  @Test
  void loadAppliesTheFactorsAndStoreReturnsWhatIsInUse() {
    LayerStack stack = stack(1, 40, 40, 4, 3, 1, 2);
    float[] parameters = normal(new Random(5), stack.layout().size());
    float[] factors = new float[parameters.length];
    for (int i = 0; i < factors.length; i++) {
      factors[i] = i % 3 == 0 ? 0 : 1;
    }
    float[] stored = new float[parameters.length];
    try (Network network = Network.forInference(stack, 1)) {
      network.load(parameters, factors);
      network.store(stored);
    }
    for (int i = 0; i < stored.length; i++) {
      assertThat(stored[i]).isEqualTo(parameters[i] * factors[i]);
    }
  }

  @Test
  void anEmptyBatchIsRefused() {
    LayerStack stack = stack(1, 8, 8, 1, 3, 1, 2);
    assertThatThrownBy(() -> Network.forTraining(stack, 0))
        .hasMessage("A batch holds at least 1 sample, not 0.");
  }

  private static LayerStack stack(
      int channels, int height, int width, int filters, int kernel, int padding, int pool) {
    return new LayerStack(
        new Shape(channels, height, width),
        List.of(
            new LayerSpec.Convolution("a", filters, kernel, padding, KaimingUniform.DEFAULT),
            new LayerSpec.Relu(),
            new LayerSpec.MaxPool(pool),
            new LayerSpec.Convolution("b", 4, 2, 0, KaimingUniform.DEFAULT),
            new LayerSpec.Relu(),
            new LayerSpec.Flatten(),
            new LayerSpec.Linear("c", 7, KaimingUniform.DEFAULT),
            new LayerSpec.Relu(),
            new LayerSpec.Linear("d", 3, KaimingUniform.DEFAULT)));
  }

  private static float[] normal(Random random, int size) {
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  private static double[] doubles(float[] values) {
    double[] doubles = new double[values.length];
    Arrays.setAll(doubles, i -> values[i]);
    return doubles;
  }

  private static void assertClose(float[] actual, double[] expected) {
    double scale = Arrays.stream(expected).map(Math::abs).max().orElse(0);
    for (int i = 0; i < expected.length; i++) {
      assertThat((double) actual[i]).as("value %d", i).isCloseTo(expected[i], within(2e-6 * scale));
    }
  }
}
