package io.coppice.learning.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.withinPercentage;

import io.coppice.learning.data.Dataset;
import io.coppice.learning.engine.KernelPolicy;
import io.coppice.learning.model.Mask;
import io.coppice.learning.model.RandomMask;
import io.coppice.learning.nn.Architecture;
import io.coppice.learning.nn.InitialParameters;
import io.coppice.learning.nn.Loss;
import io.coppice.learning.nn.ReferenceNetwork;
import io.coppice.learning.training.RoundGradients.Form;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GradientNormTest {

  private static final Loss LOSS = Loss.SOFTMAX_CROSS_ENTROPY;

  private final Architecture lenet = stripes("lenet5");

  /** Different samples, of which batches of 4 leave 2, 3, 0 and 2. */
  private final List<Dataset> agents =
      List.of(
          Stripes.images(10, 1), Stripes.images(7, 2), Stripes.images(4, 3), Stripes.images(2, 4));

  /** By the definition, in double precision; dscnn has batch normalisations. */
  @ParameterizedTest
  @ValueSource(strings = {"lenet5", "dscnn"})
  void theNormIsThatOfTheDefinition(String name) {
    Architecture architecture = stripes(name);
    float[] model = InitialParameters.of(architecture, 4);
    for (double density : new double[] {1, 0.4}) {
      Mask mask = RandomMask.of(architecture.layout(), density, 5);
      double expected = expected(architecture, model, mask);
      assertThat(expected).isGreaterThan(0);
      for (KernelPolicy kernels : List.of(KernelPolicy.sparse(), KernelPolicy.dense())) {
        try (GradientNorm norm = new GradientNorm(architecture, LOSS, 4, kernels)) {
          assertThat(norm.squared(model, mask, agents))
              .as("%s at density %s, %s", name, density, kernels)
              .isCloseTo(expected, withinPercentage(0.01));
        }
      }
    }
  }

  private double expected(Architecture architecture, float[] model, Mask mask) {
    float[] used = model.clone();
    mask.zeroPruned(used);
    float[] factors = mask.factors();
    double[] sum = new double[model.length];
    for (Dataset data : agents) {
      for (int from = 0; from < data.size(); from += 4) {
        int count = Math.min(4, data.size() - from);
        double[] gradient = gradient(architecture, used, data, from, count);
        for (int i = 0; i < sum.length; i++) {
          sum[i] += factors[i] * gradient[i] * count / data.size() / agents.size();
        }
      }
    }
    return Arrays.stream(sum).map(g -> g * g).sum();
  }

  /** Of the mean loss of some samples, as one batch. */
  private static double[] gradient(
      Architecture architecture, float[] parameters, Dataset data, int from, int count) {
    ReferenceNetwork network = new ReferenceNetwork(architecture.stack(), parameters);
    double[] exact = network.forward(images(data, from, count));
    float[] logits = new float[exact.length];
    for (int i = 0; i < logits.length; i++) {
      logits[i] = (float) exact[i];
    }
    int[] labels = IntStream.range(from, from + count).map(data::label).toArray();
    float[] byLogits = new float[logits.length];
    LOSS.gradient(logits, labels, count, architecture.classes(), byLogits);
    return network.backward(doubles(byLogits));
  }

  @Test
  void theNormIsThatOfFiniteDifferences() {
    Architecture tiny = Architecture.of("mlp", 1, 2, 2, 3);
    Dataset.Shape shape = new Dataset.Shape(1, 2, 2, 3);
    List<Dataset> two =
        List.of(
            Dataset.ofBytes(shape, bytes(4 * 3, 1), new int[] {0, 2, 1}),
            Dataset.ofBytes(shape, bytes(4, 2), new int[] {2}));
    float[] model = InitialParameters.of(tiny, 4);
    Mask mask = RandomMask.of(tiny.layout(), 0.05, 5);
    float[] used = model.clone();
    mask.zeroPruned(used);
    double[] w = doubles(used);
    float[] factors = mask.factors();
    double step = 1e-5;
    double expected = 0;
    for (int i = 0; i < w.length; i++) {
      if (factors[i] != 0) {
        w[i] = used[i] + step;
        double above = objective(tiny, w, two);
        w[i] = used[i] - step;
        double slope = (above - objective(tiny, w, two)) / (2 * step);
        w[i] = used[i];
        expected += slope * slope;
      }
    }
    try (GradientNorm norm = new GradientNorm(tiny, LOSS, 2, KernelPolicy.usual())) {
      assertThat(norm.squared(model, mask, two)).isCloseTo(expected, withinPercentage(0.01));
    }
  }

  /** The mean over agents of their mean cross-entropy. */
  private static double objective(Architecture architecture, double[] w, List<Dataset> of) {
    double sum = 0;
    for (Dataset data : of) {
      double[] logits =
          new ReferenceNetwork(architecture.stack(), w).forward(images(data, 0, data.size()));
      for (int s = 0; s < data.size(); s++) {
        double total = 0;
        for (int c = 0; c < architecture.classes(); c++) {
          total += Math.exp(logits[s * architecture.classes() + c]);
        }
        double own = logits[s * architecture.classes() + data.label(s)];
        sum += (Math.log(total) - own) / data.size() / of.size();
      }
    }
    return sum;
  }

  /** The gradient by all parameters, as local training tells it, without those of the pruned ones. */
  @ParameterizedTest
  @ValueSource(doubles = {1, 0.3})
  void theNormIsThatOfTheGradientWherePrunedParametersAreLeftOut(double density) {
    Dataset data = Stripes.images(12, 8);
    float[] model = InitialParameters.of(lenet, 4);
    Mask mask = RandomMask.of(lenet.layout(), density, 5);
    float[] gradient = new float[model.length];
    int[] all = IntStream.range(0, 12).toArray();
    try (LocalTrainer trainer = new LocalTrainer(lenet, LOSS, 12);
        GradientNorm norm = new GradientNorm(lenet, LOSS, 5, KernelPolicy.usual())) {
      trainer.train(
          data, all, 1, model, mask, 0.1, new RoundGradients(Form.MEAN_GRADIENT, gradient));
      double plain = 0;
      double masked = 0;
      for (int i = 0; i < gradient.length; i++) {
        double g = gradient[i] / 12;
        plain += g * g;
        masked += g * g * mask.factors()[i];
      }
      double actual = norm.squared(model, mask, List.of(data));
      assertThat(actual).isCloseTo(masked, withinPercentage(0.01));
      if (density == 1) {
        assertThat(actual).isCloseTo(plain, withinPercentage(0.01));
      } else {
        assertThat(actual).isLessThan(0.99 * plain);
      }
    }
  }

  @Test
  void agentsCountTheSameWhateverTheirSizeAndTheBatches() {
    float[] model = InitialParameters.of(lenet, 4);
    Mask mask = RandomMask.of(lenet.layout(), 0.5, 5);
    Dataset many = agents.getFirst();
    Dataset few = agents.get(2);
    Dataset fewTwice = few.subset(IntStream.range(0, 8).map(i -> i % 4).toArray());
    try (GradientNorm four = new GradientNorm(lenet, LOSS, 4, KernelPolicy.usual());
        GradientNorm seven = new GradientNorm(lenet, LOSS, 7, KernelPolicy.usual())) {
      double squared = four.squared(model, mask, List.of(many, few));
      assertThat(seven.squared(model, mask, List.of(few, many)))
          .isCloseTo(squared, withinPercentage(0.01));
      assertThat(four.squared(model, mask, List.of(many, fewTwice)))
          .isCloseTo(squared, withinPercentage(0.01));
    }
  }

  @Test
  void nothingIsCarriedOverFromOneCallToTheNext() {
    Architecture normalised = stripes("dscnn");
    float[] model = InitialParameters.of(normalised, 4);
    float[] kept = model.clone();
    Mask mask = RandomMask.of(normalised.layout(), 0.5, 5);
    float[] other = model.clone();
    float[] factors = mask.factors();
    for (int i = 0; i < other.length; i++) {
      other[i] = factors[i] == 0 ? Float.NaN : other[i];
    }
    try (GradientNorm norm = new GradientNorm(normalised, LOSS, 4, KernelPolicy.usual())) {
      double first = norm.squared(model, mask, agents);
      norm.squared(model, Mask.full(normalised.layout()), agents);
      assertThat(norm.squared(other, mask, agents)).isEqualTo(first);
    }
    assertThat(model).isEqualTo(kept);
  }

  @Test
  void whatDoesNotFitIsRefused() {
    float[] model = InitialParameters.of(lenet, 4);
    Mask mask = Mask.full(lenet.layout());
    try (GradientNorm norm = new GradientNorm(lenet, LOSS, 4, KernelPolicy.usual())) {
      assertThatThrownBy(() -> norm.squared(new float[7], mask, agents))
          .hasMessageEndingWith("parameters, not 7.");
      assertThatThrownBy(() -> norm.squared(model, mask, List.of()))
          .hasMessage("The gradient of a federation needs at least 1 agent.");
      List<Dataset> oneEmpty = List.of(agents.getFirst(), agents.getFirst().subset(new int[0]));
      assertThatThrownBy(() -> norm.squared(model, mask, oneEmpty))
          .hasMessage(
              "Agent 2 of 2 has no images; each needs at least 1 for the gradient of its loss.");
      Mask foreign = Mask.full(Architecture.of("mlp", 1, 12, 12, 3).layout());
      assertThatThrownBy(() -> norm.squared(model, foreign, agents))
          .hasMessageContaining("mask belongs to another model");
    }
  }

  private static Architecture stripes(String network) {
    return Architecture.of(network, 1, Stripes.SIDE, Stripes.SIDE, Stripes.CLASSES);
  }

  private static double[] images(Dataset data, int from, int count) {
    float[] images = new float[count * data.imageSize()];
    for (int i = 0; i < count; i++) {
      data.copyImage(from + i, images, i * data.imageSize());
    }
    return doubles(images);
  }

  private static double[] doubles(float[] values) {
    double[] doubles = new double[values.length];
    Arrays.setAll(doubles, i -> values[i]);
    return doubles;
  }

  private static byte[] bytes(int count, long seed) {
    byte[] bytes = new byte[count];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }
}
