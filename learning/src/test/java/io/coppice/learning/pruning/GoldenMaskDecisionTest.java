package io.coppice.learning.pruning;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterLayout;
import io.coppice.learning.model.ParameterTensor;
import io.coppice.learning.random.SplitMix64;
import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Decisions of the authors' own code, which ours must make in the same way. */
class GoldenMaskDecisionTest {

  private static final JsonMapper JSON = new JsonMapper();

  @ParameterizedTest
  @ValueSource(
      strings = {
        "o01_mlp_dense",
        "o02_mlp_sparse",
        "o03_conv_bn_fc",
        "o04_dec_zero_growth_only",
        "o05_zero_gradients",
        "o06_truncation_029x100",
        "o07_magnitude_ties",
        "o08_max_density",
        "o09_femnist_coeff_small_conv2",
        "o10_all_accepted_crash"
      })
  void theMaskIsThatOfTheAuthorsCode(String name) throws Exception {
    JsonNode expected = resource(name).get("expected");
    MaskDecisionCase decisionCase;
    try (InputStream in = open(name)) {
      decisionCase = MaskDecisionCase.read(in, name);
    }
    MaskDecision.Result result = decisionCase.decide();
    JsonNode json = JSON.readTree(decisionCase.toJson(result));

    assertThat(json.get("name").textValue()).isEqualTo(name);
    JsonNode masks = expected.get("masks_u8");
    assertThat(json.get("masks_u8"))
        .isEqualTo(masks == null ? expected.get("suggested_masks_u8") : masks);
    assertThat(json.get("kept_before")).isEqualTo(expected.get("kept_before"));
    assertThat(json.get("kept_after")).isEqualTo(expected.get("kept_after"));
    assertThat(json.get("stop_reason")).isEqualTo(expected.get("stop_reason"));
    assertClose(json.get("objective_after").doubleValue(), expected.get("objective_final"));
    assertClose(result.numeratorStart(), expected.get("numerator_start"));
    assertClose(result.denominatorStart(), expected.get("denominator_start"));
  }

  @Test
  void theFullSizeConv2IsThatOfTheAuthorsCode() throws Exception {
    JsonNode json = resource("o11_conv2_full_generated");
    ParameterLayout.Builder builder = ParameterLayout.builder();
    for (JsonNode layer : json.get("layers")) {
      int[] shape = JSON.convertValue(layer.get("weight_shape"), int[].class);
      builder.weight(layer.get("name").textValue(), Arrays.stream(shape).boxed().toList());
      builder.bias(layer.get("name").textValue(), shape[0]);
    }
    ParameterLayout layout = builder.build();
    float[] parameters = new float[layout.size()];
    float[] importance = new float[layout.size()];
    long seed = json.get("generator").get("seed").longValue();
    for (int l = 0; l < layout.prunable().size(); l++) {
      ParameterTensor weight = layout.prunable().get(l);
      generate(weight, layout.biasOf(weight), seed + 1000L * l, parameters, importance);
      JsonNode check = json.get("expected").get("input_check").get(weight.layer());
      double sum = 0;
      for (int i = 0; i < weight.size(); i++) {
        sum += importance[weight.offset() + i];
      }
      assertThat(parameters[weight.offset() + 3])
          .isEqualTo(check.get("weight_first4").get(3).floatValue());
      assertThat(sum).isCloseTo(check.get("sqgrad_sum_f64").doubleValue(), within(1e-6));
    }
    CostModel cost =
        new CostModel(
            "femnist",
            json.get("time_constant").doubleValue(),
            json.get("comm_coefficient").doubleValue(),
            JSON.convertValue(json.get("comp_coefficients"), double[].class));

    MaskDecision.Result result =
        MaskDecision.decide(
            Mask.full(layout),
            parameters,
            importance,
            cost,
            json.get("dec_pct").doubleValue(),
            OptionalDouble.empty());

    JsonNode expected = json.get("expected");
    for (int l = 0; l < layout.prunable().size(); l++) {
      String layer = layout.prunable().get(l).layer();
      assertThat(result.mask().kept(l)).isEqualTo(expected.get("kept_after").get(layer).intValue());
      assertThat(sha256(result.mask(), l))
          .isEqualTo(
              expected.get("sha256_of_result_mask_bytes_u8_row_major").get(layer).textValue());
    }
    assertThat(result.objectiveAfter())
        .isCloseTo(
            expected.get("numerator_final").doubleValue()
                / expected.get("denominator_final").doubleValue(),
            within(1e-6));
  }

  private static void generate(
      ParameterTensor weight,
      ParameterTensor bias,
      long seed,
      float[] parameters,
      float[] importance) {
    SplitMix64 weights = new SplitMix64(seed + 1);
    SplitMix64 squared = new SplitMix64(seed + 2);
    SplitMix64 kind = new SplitMix64(seed + 3);
    for (int i = weight.offset(); i < weight.end(); i++) {
      parameters[i] = (u24(weights) - 0.5f) * 0.25f;
      float u = u24(squared);
      float q = u * u;
      float v = u24(kind);
      if (v < 0.98f) {
        importance[i] = q * 0.0009765625f;
      } else if (v < 0.99f) {
        importance[i] = q * 0.0078125f + 0.0390625f;
      } else {
        importance[i] = q + 8f;
      }
    }
    SplitMix64 biases = new SplitMix64(seed + 4);
    for (int i = bias.offset(); i < bias.end(); i++) {
      importance[i] = u24(biases);
    }
  }

  private static float u24(SplitMix64 random) {
    return (random.nextLong() >>> 40) * 0x1p-24f;
  }

  private static String sha256(Mask mask, int layer) throws NoSuchAlgorithmException {
    byte[] bytes = new byte[mask.layout().prunable().get(layer).size()];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) (mask.isActive(layer, i) ? 1 : 0);
    }
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
  }

  private static void assertClose(double actual, JsonNode expected) {
    double value = expected.doubleValue();
    assertThat(actual).isCloseTo(value, within(1e-5 * value));
  }

  private static JsonNode resource(String name) throws IOException {
    try (InputStream in = open(name)) {
      return JSON.readTree(in);
    }
  }

  private static InputStream open(String name) {
    return GoldenMaskDecisionTest.class.getResourceAsStream(
        "/mask-decision-cases/" + name + ".json");
  }
}
