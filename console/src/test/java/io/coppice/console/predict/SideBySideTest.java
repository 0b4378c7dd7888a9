package io.coppice.console.predict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.coppice.learning.data.Dataset;
import io.coppice.learning.engine.KernelPolicy;
import io.coppice.learning.engine.Network.LayerChoice;
import io.coppice.learning.export.TrainedModel;
import io.coppice.learning.model.Mask;
import io.coppice.learning.nn.Architecture;
import io.coppice.learning.nn.InitialParameters;
import io.coppice.learning.nn.Loss;
import io.coppice.learning.training.Predictor;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** A small network on random images, measured no longer than needed. */
class SideBySideTest {

  private static final SideBySide.Effort SHORT = new SideBySide.Effort(0, 12, 10);
  private static final int IMAGES = 11;

  private final Architecture mlp = Architecture.of("mlp", 1, 4, 4, 3);
  private final float[] parameters = InitialParameters.of(mlp, 1);
  private final Mask half = half();
  private final Dataset data = images();
  private final List<Double> progress = new ArrayList<>();

  private Mask half() {
    List<BitSet> layers = new ArrayList<>();
    for (int l = 0; l < mlp.layout().prunable().size(); l++) {
      BitSet bits = new BitSet();
      for (int i = 0; i < mlp.layout().prunable().get(l).size(); i += 2) {
        bits.set(i);
      }
      layers.add(bits);
    }
    return Mask.of(mlp.layout(), layers);
  }

  private static Dataset images() {
    byte[] pixels = new byte[IMAGES * 16];
    new Random(2).nextBytes(pixels);
    int[] labels = new Random(3).ints(IMAGES, 0, 3).toArray();
    return Dataset.ofBytes(new Dataset.Shape(1, 4, 4, 3), pixels, labels);
  }

  private Predictor predictor(float[] model, int batch, KernelPolicy policy) {
    return new Predictor(mlp, Loss.SOFTMAX_CROSS_ENTROPY, model, half, batch, policy);
  }

  private Comparison compare(float[] second, int batch) {
    return compare(second, batch, SHORT);
  }

  private Comparison compare(float[] second, int batch, SideBySide.Effort effort) {
    try (Predictor dense = predictor(parameters, batch, KernelPolicy.dense());
        Predictor pruned = predictor(second, batch, KernelPolicy.sparse())) {
      return new SideBySide(data, dense, pruned, effort, progress::add).run();
    }
  }

  @Test
  void everyImageIsAnsweredOnceAndFullBatchesAreTimedUntilThereAreEnough() {
    Comparison comparison = compare(parameters, 4);
    assertThat(progress).hasSize(3).endsWith(1.0);
    assertThat(comparison.dense().latencies().count()).isEqualTo(12);
    assertThat(comparison.pruned().latencies().count()).isEqualTo(12);
    assertThat(comparison.differing()).isZero();
    assertThat(comparison.largestLogitDifference()).isLessThan(1e-5);
    int correct = 0;
    try (Predictor alone = predictor(parameters, 1, KernelPolicy.usual())) {
      for (int i = 0; i < IMAGES; i++) {
        alone.read(data, i, 1);
        alone.compute();
        Answers answers = comparison.pruned().answers();
        assertThat(answers.predicted(i)).isEqualTo(alone.predicted(0));
        assertThat(answers.probability(i))
            .isCloseTo(alone.probability(0, alone.predicted(0)), within(1e-5));
        assertThat(answers.label(i)).isEqualTo(data.label(i));
        correct += alone.predicted(0) == data.label(i) ? 1 : 0;
      }
    }
    assertThat(comparison.dense().answers().accuracy()).isEqualTo((double) correct / IMAGES);
    assertThat(compare(parameters, 1).pruned().latencies().count()).isEqualTo(12);
  }

  @Test
  void aBatchThatIsNotFullIsNotTimed() {
    SideBySide.Effort none = new SideBySide.Effort(0, 0, 10);
    assertThat(compare(parameters, 4, none).dense().latencies().count()).isEqualTo(2);
    assertThat(compare(parameters, IMAGES, none).dense().latencies().count()).isEqualTo(1);
  }

  @Test
  void whereTheAnswersDifferItIsSaid() {
    float[] negated = parameters.clone();
    int lastWeights = mlp.layout().prunable().getLast().offset();
    for (int i = lastWeights; i < negated.length; i++) {
      negated[i] = -negated[i];
    }
    Comparison comparison = compare(negated, IMAGES);
    assertThat(comparison.differing()).isBetween(1, IMAGES);
    assertThat(comparison.largestLogitDifference()).isGreaterThan(1e-3);
    assertThat(table(comparison))
        .contains(
            "Dense and pruned predict another class for " + comparison.differing() + " of 11");
  }

  @Test
  void tableAndReportTellTheFigures() {
    Answers answers = compare(parameters, 4).pruned().answers();
    Comparison comparison =
        new Comparison(
            4,
            new Comparison.Side(answers, new Latencies(new long[] {3_000_000, 5_000_000})),
            new Comparison.Side(answers, new Latencies(new long[] {1_500_000, 2_500_000})),
            3e-7);
    assertThat(comparison.speedUp()).isEqualTo(2);
    assertThat(comparison.imagesPerSecond(comparison.pruned())).isEqualTo(2000);
    assertThat(table(comparison))
        .contains("Run digits, after round 6 of 9: mlp, mask 2, density 0.5")
        .contains("Pruned: by the active weights (kernels): second; by ND4J: first.")
        .contains("Dense and pruned predict the same class for all 11 images")
        .containsPattern("4  dense +\\d\\.\\d{4} +3.000 +5.000 +5.000 +1,000 ")
        .containsPattern("4  pruned +\\d\\.\\d{4} +1.500 +2.500 +2.500 +2,000 +2.00 ");
    JsonNode report = PredictionReport.of(subject(), List.of(comparison));
    assertThat(report.get("maskVersion").intValue()).isEqualTo(2);
    assertThat(report.get("pruned").get("modelBytes").longValue()).isEqualTo(half.modelBytes());
    JsonNode batch = report.get("batches").get(0);
    assertThat(batch.get("dense").get("wallClockMillis").get("p90").doubleValue()).isEqualTo(5);
    assertThat(batch.get("pruned").get("imagesPerSecond").doubleValue()).isEqualTo(2000);
    assertThat(batch.get("differingPredictions").intValue()).isZero();
    assertThat(batch.get("largestLogitDifference").doubleValue()).isEqualTo(3e-7);
  }

  private String table(Comparison comparison) {
    StringWriter out = new StringWriter();
    new PredictionTable(new PrintWriter(out), subject()).print(List.of(comparison));
    return out.toString();
  }

  private Subject subject() {
    return new Subject(
        new TrainedModel("digits", 6, 9, 2, mlp, Loss.SOFTMAX_CROSS_ENTROPY, half, parameters),
        data,
        List.of(new LayerChoice("first", 0.5, false), new LayerChoice("second", 0.25, true)),
        "kernels");
  }
}
