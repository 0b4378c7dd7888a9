package io.coppice.learning.pruning;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coppice.learning.data.DataFormatException;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MaskDecisionCaseTest {

  /** Weights 1 and 2, importances 1 and 2, the first weight active. */
  private static final String VALID =
      """
      {
        "time_constant": 1.0,
        "comm_coefficient": 0.5,
        "comp_coefficients": [0.5],
        "dec_pct": 0.3,
        "max_density": null,
        "layers": [{
          "name": "w",
          "prunable": true,
          "weight_shape": [1, 2],
          "weight_f32": "AACAPwAAAEA=",
          "sqgrad_weight_f32": "AACAPwAAAEA=",
          "sqgrad_bias_f32": null,
          "mask_u8": "AQA="
        }]
      }
      """;

  @Test
  void aCaseIsDecidedAndWritten() {
    MaskDecisionCase decisionCase = read(VALID);
    assertThat(decisionCase.parameters()).containsExactly(1, 2);
    assertThat(decisionCase.mask().isActive(0, 1)).isFalse();
    assertThat(decisionCase.toJson(decisionCase.decide()))
        .isEqualToIgnoringWhitespace(
            """
            {
              "name": "case.json",
              "masks_u8": {"w": "AQE="},
              "kept_before": {"w": 1},
              "kept_after": {"w": 2},
              "removed": {"w": 0},
              "regrown": {"w": 1},
              "objective_before": 0.5,
              "objective_after": 1.0,
              "stop_reason": "exhausted"
            }
            """);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"time_constant\": 1.0,|''|case.json: the field time_constant is missing; it must be a number.",
        "\"time_constant\": 1.0|\"time_constant\": -1|case.json: time_constant must be a number of at least 0, not -1.",
        "0.5,|\"a lot\",|case.json: the field comm_coefficient must be a number.",
        "[0.5]|[-0.5]|case.json: comp_coefficients[0] must be a number of at least 0, not -0.5.",
        "[0.5]|[0.5, 0.5]|case.json: comp_coefficients has 2 entries, but 1 layers are prunable.",
        "0.3|1|case.json: dec_pct must be at least 0 and below 1, not 1.0.",
        "0.3|-0.1|case.json: dec_pct must be a number of at least 0, not -0.1.",
        "\"max_density\": null|\"max_density\": 2|case.json: max_density must be at least 0 and at most 1, not 2.0.",
        "[1, 2]|[1, 3]|case.json: layers[0]: sqgrad_weight_f32 has 8 bytes, but the layer's shape needs 12.",
        "[1, 2]|[1, 0]|case.json: layers[0]: weight_shape[1] must be a whole number of at least 1, not 0.",
        "[1, 2]|[100000, 100000]|case.json: layers[0]: a model may have at most 2147483647 parameters.",
        "\"weight_f32\": \"AAC|\"weight_f32\": \"?AC|case.json: layers[0]: weight_f32 is not base64.",
        "AQA=|AQI=|case.json: layers[0]: byte 1 of mask_u8 is 2, but must be 0 or 1.",
        "\"mask_u8\": \"AQA=\"|\"mask\": 1|case.json: layers[0]: the field mask_u8 is missing; it must be text.",
        "\"prunable\": true|\"prunable\": 1|case.json: layers[0]: the field prunable must be true or false."
      })
  void whatIsWrongIsSaidInOneSentence(String valid, String wrong, String message) {
    assertThat(VALID).contains(valid);
    assertThatThrownBy(() -> read(VALID.replace(valid, wrong)))
        .isInstanceOf(DataFormatException.class)
        .hasMessage(message);
  }

  @Test
  void filesThatAreNoCaseAreNamed(@TempDir Path directory) {
    assertThatThrownBy(() -> read("[1, 2]")).hasMessage("case.json must be a JSON object.");
    assertThatThrownBy(() -> read("{\n\"layers\": [")).hasMessageContaining("is not JSON");
    assertThatThrownBy(() -> read("")).hasMessage("case.json must be a JSON object.");
    Path missing = directory.resolve("missing.json");
    assertThatThrownBy(() -> MaskDecisionCase.read(missing))
        .hasMessage("There is no file " + missing + ".");
    assertThatThrownBy(() -> MaskDecisionCase.read(directory))
        .isInstanceOf(DataFormatException.class);
  }

  private static MaskDecisionCase read(String json) {
    return MaskDecisionCase.read(
        new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8)), "case.json");
  }
}
