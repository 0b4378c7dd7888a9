package io.coppice.learning.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.Assertions.within;

import io.coppice.learning.kernels.Kernels;
import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterTensor;
import io.coppice.learning.nn.Architecture;
import io.coppice.learning.nn.InitialParameters;
import io.coppice.learning.nn.KaimingUniform;
import io.coppice.learning.nn.LayerSpec;
import io.coppice.learning.nn.LayerStack;
import io.coppice.learning.nn.ReferenceNetwork;
import io.coppice.learning.nn.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.DoubleSupplier;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Networks against the definition of their layers. Where there are kinks, as in ReLU and max-pooling, all values are small whole
 * numbers: float arithmetic is exact on them, so no rounding decides on which side of a kink a value lies.
 */
class NetworkTest {

  private static final List<Kernels> KERNELS = List.of(Kernels.best(), Kernels.scalar());
  private static final double[] DENSITIES = {0.0, 0.02, 0.1, 0.3, 0.7, 1.0};
  private static final double[] DENSITIES_WITH_VARIANCE = {0.3, 0.7, 1.0};

  @Property(tries = 60, seed = "7")
  void aPlainNetworkComputesItsDefinition(
      @ForAll @IntRange(min = 1, max = 5) int channels,
      @ForAll @IntRange(min = 6, max = 17) int height,
      @ForAll @IntRange(min = 6, max = 17) int width,
      @ForAll @IntRange(min = 1, max = 19) int filters,
      @ForAll @IntRange(min = 1, max = 5) int kernel,
      @ForAll @IntRange(min = 1, max = 2) int stride,
      @ForAll @IntRange(min = 0, max = 3) int padding,
      @ForAll @IntRange(min = 1, max = 3) int pool,
      @ForAll @IntRange(min = 1, max = 64) int batch,
      @ForAll long seed) {
    int side = (Math.min(height, width) + 2 * padding - kernel) / stride + 1;
    LayerStack stack =
        new LayerStack(
            new Shape(channels, height, width),
            List.of(
                new LayerSpec.Convolution(
                    "a", filters, kernel, stride, padding, true, true, KaimingUniform.DEFAULT),
                new LayerSpec.Relu(),
                side < 3 || pool < 3
                    ? new LayerSpec.MaxPool(Math.min(pool, side))
                    : new LayerSpec.MaxPool(3, 2, 1),
                new LayerSpec.Convolution("b", 4, 3, 2, KaimingUniform.DEFAULT),
                new LayerSpec.Convolution("c", 3, 3, 1, KaimingUniform.DEFAULT),
                new LayerSpec.Flatten(),
                new LayerSpec.Linear("d", 21, KaimingUniform.DEFAULT),
                new LayerSpec.Relu(),
                new LayerSpec.Linear("e", 3, KaimingUniform.DEFAULT)));
    Random random = new Random(seed);
    check(stack, batch, random, () -> random.nextInt(3) - 1, DENSITIES);
  }

  @Property(tries = 40, seed = "8")
  void aResidualNetworkComputesItsDefinition(
      @ForAll @IntRange(min = 1, max = 3) int channels,
      @ForAll @IntRange(min = 7, max = 16) int height,
      @ForAll @IntRange(min = 7, max = 16) int width,
      @ForAll @IntRange(min = 1, max = 9) int filters,
      @ForAll @IntRange(min = 1, max = 2) int stride,
      @ForAll @IntRange(min = 5, max = 21) int batch,
      @ForAll long seed) {
    LayerStack stack =
        new LayerStack(
            new Shape(channels, height, width),
            List.of(
                convolution("stem", filters, 5, 2, 2, true),
                new LayerSpec.BatchNorm("stem-bn"),
                new LayerSpec.AveragePool(2),
                new LayerSpec.Residual(
                    List.of(
                        convolution("r1", filters + 1, 3, stride, 1, true),
                        new LayerSpec.BatchNorm("r1-bn"),
                        convolution("r2", filters + 1, 3, 1, 1, true)),
                    List.of(
                        convolution("down", filters + 1, 1, stride, 0, false),
                        new LayerSpec.BatchNorm("down-bn"))),
                new LayerSpec.Residual(
                    List.of(
                        new LayerSpec.DepthwiseConvolution(
                            "dw", 3, 1, 1, true, KaimingUniform.DEFAULT)),
                    List.of()),
                new LayerSpec.DepthwiseConvolution("dw2", 3, 2, 1, false, KaimingUniform.DEFAULT),
                new LayerSpec.GlobalAveragePool(),
                new LayerSpec.Flatten(),
                new LayerSpec.Linear("fc", 4, KaimingUniform.DEFAULT)));
    Random random = new Random(seed);
    check(stack, batch, random, random::nextGaussian, DENSITIES_WITH_VARIANCE);
  }

  @Property(tries = 80, seed = "9")
  void aConvolutionOfAnyWindowComputesItsDefinition(
      @ForAll @IntRange(min = 1, max = 8) int height,
      @ForAll @IntRange(min = 1, max = 8) int width,
      @ForAll @IntRange(min = 1, max = 9) int channels,
      @ForAll @IntRange(min = 1, max = 7) int kernel,
      @ForAll @IntRange(min = 1, max = 3) int stride,
      @ForAll @IntRange(min = 0, max = 4) int extra,
      @ForAll @IntRange(min = 1, max = 6) int batch,
      @ForAll long seed) {
    // From what the kernel needs on, also beyond kernel - 1.
    int padding = Math.max(0, Math.ceilDiv(kernel - Math.min(height, width), 2)) + extra;
    LayerStack stack =
        new LayerStack(
            new Shape(channels, height, width),
            List.of(
                convolution("first", 3, kernel, stride, padding, true),
                new LayerSpec.DepthwiseConvolution(
                    "dw", kernel, stride, padding + kernel / 2, true, KaimingUniform.DEFAULT),
                convolution("last", 5, kernel, stride, padding + kernel / 2, true)));
    Random random = new Random(seed);
    check(stack, batch, random, () -> random.nextInt(3) - 1, DENSITIES);
  }

  /** What stands first, layers behind Flatten, linear layers in residual blocks, convolutions behind linear layers. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 9})
  void layersMayFollowOneAnotherAsTheyLike(int batch) {
    LayerSpec relu = new LayerSpec.Relu();
    LayerSpec flatten = new LayerSpec.Flatten();
    LayerSpec convolution = convolution("c", 6, 3, 1, 1, true);
    LayerSpec same = convolution("s", 3, 3, 1, 1, true);
    LayerSpec identity = new LayerSpec.Residual(List.of(same, relu), List.of());
    LayerSpec linear = new LayerSpec.Linear("l", 6, KaimingUniform.DEFAULT);
    LayerSpec linears =
        new LayerSpec.Residual(
            List.of(
                new LayerSpec.Linear("b1", 7, KaimingUniform.DEFAULT),
                relu,
                new LayerSpec.Linear("b2", 6, KaimingUniform.DEFAULT)),
            List.of());
    LayerSpec mixed =
        new LayerSpec.Residual(
            List.of(new LayerSpec.Linear("m", 6, KaimingUniform.DEFAULT)),
            List.of(convolution("mc", 6, 3, 1, 1, true)));
    LayerSpec flattening =
        new LayerSpec.Residual(
            List.of(flatten, new LayerSpec.Linear("f", 48, KaimingUniform.DEFAULT)),
            List.of(flatten));
    List<List<LayerSpec>> structures =
        List.of(
            List.of(flatten, linear),
            List.of(linear),
            List.of(relu, flatten, linear),
            List.of(identity, flatten, linear),
            List.of(identity),
            List.of(convolution, flatten, relu, linear),
            List.of(convolution, relu, flatten, linear, linears),
            List.of(convolution, flatten),
            List.of(flatten, linear, relu, linears, mixed),
            List.of(flatten, linear, convolution("lc", 4, 3, 1, 1, true), relu, flatten),
            List.of(flattening),
            List.of(
                convolution,
                identity(6),
                flatten,
                linear,
                mixed,
                convolution("e", 2, 1, 1, 0, true)));
    Random random = new Random(batch);
    for (List<LayerSpec> layers : structures) {
      boolean flat = layers.size() == 1 && layers.getFirst() instanceof LayerSpec.Linear;
      Shape input = flat ? new Shape(11, 1, 1) : new Shape(3, 4, 4);
      check(new LayerStack(input, layers), batch, random, () -> random.nextInt(3) - 1, DENSITIES);
    }
    if (batch > 1) {
      LayerSpec norm = new LayerSpec.BatchNorm("n");
      for (List<LayerSpec> layers :
          List.of(
              List.of(norm, flatten, linear),
              List.of(convolution, flatten, norm, linear),
              List.of(flatten, linear, norm, linears),
              List.of(convolution, flatten, new LayerSpec.Residual(List.of(norm), List.of())))) {
        check(
            new LayerStack(new Shape(3, 4, 4), layers),
            Math.max(batch, 4),
            random,
            random::nextGaussian,
            DENSITIES_WITH_VARIANCE);
      }
    }
  }

  private static LayerSpec identity(int channels) {
    return new LayerSpec.Residual(List.of(convolution("i", channels, 3, 1, 1, true)), List.of());
  }

  private static LayerSpec.Convolution convolution(
      String name, int outputs, int kernel, int stride, int padding, boolean prunable) {
    return new LayerSpec.Convolution(
        name, outputs, kernel, stride, padding, false, prunable, KaimingUniform.DEFAULT);
  }

  /** Compares everything that a training step computes with the reference, on all kernels and by all policies. */
  private static void check(
      LayerStack stack, int batch, Random random, DoubleSupplier values, double[] densities) {
    float[] parameters = draw(values, stack.layout().size());
    for (ParameterTensor tensor : stack.layout().tensors()) {
      if (tensor.role() == ParameterTensor.Role.RUNNING_VARIANCE) {
        Arrays.fill(parameters, tensor.offset(), tensor.end(), 1.5f);
      }
    }
    Mask mask = randomMask(stack, random, densities);
    float[] factors = mask.factors();
    float[] images = draw(values, batch * stack.input().size());
    float[] logitGradient = draw(values, batch * stack.output().size());
    float[] used = parameters.clone();
    mask.zeroPruned(used);
    ReferenceNetwork reference = new ReferenceNetwork(stack, used);
    double[] logits = reference.forward(doubles(images));
    double[] gradient = reference.backward(doubles(logitGradient));
    double[] expectedSquares = Arrays.stream(gradient).map(g -> 2 * g * g).toArray();
    double[] expectedSums = Arrays.stream(gradient).map(g -> 4 * g).toArray();
    double[] activeGradient = gradient.clone();
    double[] expectedEnd = reference.parameters();
    for (int i = 0; i < gradient.length; i++) {
      activeGradient[i] *= factors[i];
      expectedEnd[i] -= 0.5 * activeGradient[i];
    }

    for (Kernels kernels : KERNELS) {
      for (KernelPolicy policy :
          List.of(
              KernelPolicy.sparse(),
              KernelPolicy.dense(),
              new KernelPolicy(0.2, Map.of("d", 1.0)))) {
        String by = kernels.description() + ", " + policy;
        try (Network network = Network.on(kernels, stack, batch, policy, true)) {
          float[] actual = new float[logits.length];
          network.load(parameters, mask);
          network.forward(images, actual);
          assertClose(by + ", logits", actual, logits);
          float[] actualGradient = new float[gradient.length];
          network.train(logitGradient, 0, actualGradient);
          assertClose(by + ", gradient", actualGradient, activeGradient);
          float[] unmoved = used.clone();
          network.store(unmoved);
          for (ParameterTensor tensor : stack.layout().tensors()) {
            if (tensor.role().learned()) {
              assertThat(Arrays.copyOfRange(unmoved, tensor.offset(), tensor.end()))
                  .as("%s, %s of %s after a step of rate 0", by, tensor.role(), tensor.layer())
                  .isEqualTo(Arrays.copyOfRange(used, tensor.offset(), tensor.end()));
            }
          }

          network.load(parameters, mask);
          network.forward(images, actual);
          network.train(logitGradient, 0.5f, true);
          float[] squares = new float[gradient.length];
          network.addGradients(squares, GradientForm.SQUARED_SUM, 2);
          assertClose(by + ", squared sums", squares, expectedSquares);
          float[] end = used.clone();
          network.store(end);
          assertClose(by + ", parameters after the step", end, expectedEnd);

          float[] nothing = new float[gradient.length];
          for (GradientForm form : GradientForm.values()) {
            network.addGradients(nothing, form, 2);
            assertThat(nothing).containsOnly(0f);
          }

          network.load(parameters, mask);
          network.forward(images, actual);
          network.train(logitGradient, 0, true);
          network.forward(images, actual);
          network.train(logitGradient, 0, true);
          float[] sums = new float[gradient.length];
          network.addGradients(sums, GradientForm.SUM, 2);
          assertClose(by + ", sums", sums, expectedSums);
        }
        try (Network network = Network.on(kernels, stack, batch, policy, false)) {
          float[] actual = new float[logits.length];
          network.load(parameters, mask);
          network.forward(images, actual);
          assertClose(
              by + ", inference", actual, new ReferenceNetwork(stack, used).infer(doubles(images)));
        }
      }
    }
  }

  /** Rounds under masks from full over sparse and empty ones to full again, some broken off, compared with the reference. */
  @Test
  void aNetworkIsUsedAgainFromRoundToRound() {
    Architecture architecture = Architecture.of("lenet5", 1, 12, 12, 3);
    LayerStack stack = architecture.stack();
    Random random = new Random(3);
    int batch = 5;
    for (Kernels kernels : KERNELS) {
      try (Network network =
          Network.on(kernels, stack, batch, new KernelPolicy(0.5, Map.of()), true)) {
        float[] model = InitialParameters.of(architecture, 3);
        for (double density : new double[] {1, 0.3, 0.7, 0.05, 0, 1, 0.4}) {
          Mask mask = maskOf(stack, density, random);
          float[] factors = mask.factors();
          // A round that is broken off leaves nothing behind.
          network.load(model, mask);
          network.forward(draw(random::nextGaussian, batch * 144), new float[batch * 3]);
          network.train(draw(random::nextGaussian, batch * 3), 0.1f, true);

          // What a pruned parameter is does not matter.
          float[] given = model.clone();
          float[] used = model.clone();
          mask.zeroPruned(used);
          for (int i = 0; i < given.length; i++) {
            given[i] = factors[i] == 0 ? Float.NaN : given[i];
          }
          boolean summing = random.nextBoolean();
          double[] expected = doubles(used);
          double[] sums = new double[expected.length];
          network.load(given, mask);
          for (int step = 0; step < 3; step++) {
            float[] images = draw(random::nextGaussian, batch * 144);
            float[] logitGradient = draw(() -> 0.01 * random.nextGaussian(), batch * 3);
            float[] logits = new float[batch * 3];
            ReferenceNetwork reference = new ReferenceNetwork(stack, expected);
            network.forward(images, logits);
            assertClose("logits", logits, reference.forward(doubles(images)));
            network.train(logitGradient, 0.1f, summing);
            double[] gradient = reference.backward(doubles(logitGradient));
            for (int i = 0; i < gradient.length; i++) {
              sums[i] += gradient[i];
              expected[i] -= 0.1 * gradient[i] * factors[i];
            }
          }
          float[] end = used.clone();
          network.store(end);
          assertClose("parameters at density " + density, end, expected);
          GradientForm form = random.nextBoolean() ? GradientForm.SUM : GradientForm.SQUARED_SUM;
          float[] summed = new float[sums.length];
          network.addGradients(summed, form, 2);
          assertClose(
              form + " at density " + density,
              summed,
              Arrays.stream(sums)
                  .map(g -> summing ? 2 * (form == GradientForm.SUM ? g : g * g) : 0)
                  .toArray());
          mask.scatterAdd(network.activeDelta(model), model);
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"lenet5", "mlp", "conv4", "dscnn"})
  void everyNamedNetworkComputesItsDefinition(String name) {
    Architecture architecture = Architecture.of(name, 1, 36, 36, 10);
    float[] parameters = InitialParameters.of(architecture, 3);
    float[] images = draw(new Random(1)::nextGaussian, 3 * 36 * 36);
    Mask mask = randomMask(architecture.stack(), new Random(2), DENSITIES_WITH_VARIANCE);
    float[] used = parameters.clone();
    mask.zeroPruned(used);
    double[] expected = new ReferenceNetwork(architecture.stack(), used).infer(doubles(images));
    for (KernelPolicy policy : List.of(KernelPolicy.usual(), KernelPolicy.dense())) {
      float[] logits = new float[30];
      try (Network network = Network.forInference(architecture.stack(), 3, policy)) {
        network.load(parameters, mask);
        network.forward(images, logits);
      }
      assertClose("logits", logits, expected);
    }
  }

  @Test
  void layersFollowTheirDensityFromOneMaskToTheNext() {
    Architecture architecture = Architecture.of("mlp", 1, 6, 6, 3);
    float[] parameters = InitialParameters.of(architecture, 3);
    KernelPolicy policy = new KernelPolicy(0.5, Map.of("fc2", 0.05));
    try (Network network = Network.forTraining(architecture.stack(), 2, policy)) {
      network.load(parameters, Mask.full(architecture.layout()));
      assertThat(network.choices()).extracting(Network.LayerChoice::sparse).containsOnly(false);
      network.load(parameters, maskOf(architecture.stack(), 0.3, new Random(1)));
      assertThat(network.choices())
          .extracting(Network.LayerChoice::layer, Network.LayerChoice::sparse)
          .containsExactly(tuple("fc1", true), tuple("fc2", false), tuple("fc3", true));
      network.load(parameters, Mask.full(architecture.layout()));
      float[] stored = new float[parameters.length];
      network.store(stored);
      assertThat(stored).isEqualTo(parameters);
    }
  }

  @Test
  void prunedParametersAreNotStored() {
    Architecture architecture = Architecture.of("lenet5", 1, 12, 12, 3);
    float[] parameters = InitialParameters.of(architecture, 3);
    Mask mask = maskOf(architecture.stack(), 0.6, new Random(5));
    for (KernelPolicy policy : List.of(KernelPolicy.sparse(), KernelPolicy.dense())) {
      float[] stored = new float[parameters.length];
      Arrays.fill(stored, 7);
      try (Network network = Network.forInference(architecture.stack(), 1, policy)) {
        network.load(parameters, mask);
        network.store(stored);
      }
      float[] factors = mask.factors();
      for (int i = 0; i < stored.length; i++) {
        assertThat(stored[i]).isEqualTo(factors[i] == 0 ? 7 : parameters[i]);
      }
    }
  }

  @Test
  void whatDoesNotFitIsRefused() {
    LayerStack stack = Architecture.of("mlp", 1, 6, 6, 3).stack();
    assertThatThrownBy(() -> Network.forTraining(stack, 0, KernelPolicy.usual()))
        .hasMessage("A batch holds at least 1 sample, not 0.");
    try (Network network = Network.forInference(stack, 1, KernelPolicy.usual())) {
      assertThatThrownBy(() -> network.load(new float[3], Mask.full(stack.layout())))
          .hasMessageContaining("parameters, not 3.");
      assertThatThrownBy(() -> network.train(new float[3], 1, false))
          .hasMessage("This network only infers.");
      assertThatThrownBy(() -> network.addGradients(new float[3], GradientForm.SUM, 1))
          .hasMessage("This network only infers.");
    }
  }

  private static Mask randomMask(LayerStack stack, Random random, double[] densities) {
    List<BitSet> layers = new ArrayList<>();
    for (ParameterTensor weight : stack.layout().prunable()) {
      layers.add(bits(weight.size(), densities[random.nextInt(densities.length)], random));
    }
    return Mask.of(stack.layout(), layers);
  }

  private static Mask maskOf(LayerStack stack, double density, Random random) {
    return Mask.of(
        stack.layout(),
        stack.layout().prunable().stream()
            .map(weight -> bits(weight.size(), density, random))
            .toList());
  }

  private static BitSet bits(int size, double density, Random random) {
    BitSet bits = new BitSet(size);
    for (int i = 0; i < size; i++) {
      bits.set(i, random.nextDouble() < density);
    }
    return bits;
  }

  private static float[] draw(DoubleSupplier source, int size) {
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = (float) source.getAsDouble();
    }
    return values;
  }

  private static double[] doubles(float[] values) {
    double[] doubles = new double[values.length];
    Arrays.setAll(doubles, i -> values[i]);
    return doubles;
  }

  /** To 2e-5 of the largest value. */
  private static void assertClose(String what, float[] actual, double[] expected) {
    double scale = Arrays.stream(expected).map(Math::abs).max().orElse(0);
    for (int i = 0; i < expected.length; i++) {
      assertThat((double) actual[i])
          .as("%s, value %d", what, i)
          .isCloseTo(expected[i], within(2e-5 * scale + 1e-30));
    }
  }
}
