package io.coppice.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coppice.learning.encoding.Encoding;
import io.coppice.learning.model.Mask;
import io.coppice.learning.nn.Architecture;
import io.coppice.schemas.LayerMask;
import io.coppice.schemas.Regrow;
import io.coppice.schemas.TensorEncoding;
import java.util.List;
import org.junit.jupiter.api.Test;

class LogTensorsTest {

  private final RunDefinition run = TestRecords.run(Regrow.ZERO);

  @Test
  void aMaskComesBack() {
    for (Mask mask : List.of(Mask.full(run.layout()), TestRecords.half(run, 1))) {
      assertThat(LogTensors.fromLog(run.layout(), LogTensors.toLog(mask))).isEqualTo(mask);
    }
  }

  @Test
  void aMaskIsReadTwiceFromTheSameRecord() {
    List<LayerMask> layers = LogTensors.toLog(TestRecords.half(run, 0));
    assertThat(LogTensors.fromLog(run.layout(), layers))
        .isEqualTo(LogTensors.fromLog(run.layout(), layers));
  }

  @Test
  void aMaskOfAnotherNetworkIsRefused() {
    Mask other = Mask.full(Architecture.of("mlp", 1, 5, 5, 3).layout());
    assertThatThrownBy(() -> LogTensors.fromLog(run.layout(), LogTensors.toLog(other)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("fc1");
  }

  @Test
  void anotherShapeOfTheSameSizeIsRefused() {
    List<LayerMask> layers = LogTensors.toLog(Mask.full(run.layout()));
    layers.getFirst().setShape(List.of(16, 300));
    assertThatThrownBy(() -> LogTensors.fromLog(run.layout(), layers))
        .hasMessage("Layer 0 of the mask is fc1[16, 300], but the network has fc1[300, 16].");
  }

  @Test
  void aWrongCountIsRefused() {
    List<LayerMask> layers = LogTensors.toLog(Mask.full(run.layout()));
    layers.get(1).setKept(7);
    assertThatThrownBy(() -> LogTensors.fromLog(run.layout(), layers))
        .hasMessage("The mask of layer fc2 claims 7 active weights, but its bitmap has 30000.");
  }

  @Test
  void everyEncodingOfTheLogIsOneOfOurs() {
    for (TensorEncoding encoding : TensorEncoding.values()) {
      assertThat(LogTensors.encoding(encoding)).isEqualTo(Encoding.valueOf(encoding.name()));
    }
  }
}
