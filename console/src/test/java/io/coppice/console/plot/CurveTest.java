package io.coppice.console.plot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CurveTest {

  @TempDir private Path directory;

  @Test
  void aReportsTimesAndBytesAreSummedAndRoundsWithoutEvaluationKept() throws IOException {
    Path file =
        write(
            """
            {"rounds": [
              {"round": 0, "accuracy": 0.5, "density": 1.0, "estimatedSeconds": 2.0, "bytesUp": 10},
              {"round": 1, "accuracy": null, "density": 0.5, "estimatedSeconds": 1.0, "bytesUp": 5}]}
            """);
    Curve curve = Curve.ofReport("ours", file);
    assertThat(curve.points()).hasSize(2);
    assertThat(curve.evaluated()).hasSize(1);
    assertThat(curve.lastEvaluated()).isEqualTo(new Curve.Point(0, 0.5, 1, 2, 10));
    assertThat(curve.points().getLast().estimatedSeconds()).isEqualTo(3);
    assertThat(curve.points().getLast().bytesUp()).isEqualTo(15);
  }

  @Test
  void aReferencesRowsOfOtherPhasesAreLeftOutAndItsBytesAreThoseOfAllClients() throws IOException {
    Path file =
        write(
            """
            phase,round,test_acc,est_time_s,density,payload_up_bytes_per_client
            ip,0,0.1,0,1.0,
            fl,0,0.7,3.0,0.2,100
            fl,1,,3.0,0.2,100
            """);
    Curve curve = Curve.ofCsv("reference", file, 10);
    assertThat(curve.points()).hasSize(2);
    assertThat(curve.lastEvaluated()).isEqualTo(new Curve.Point(0, 0.7, 0.2, 3, 1000));
  }

  @Test
  void aFileThatIsNoReportOrLacksAColumnIsRefused() throws IOException {
    assertThatThrownBy(() -> Curve.ofReport("ours", write("{}")))
        .hasMessageContaining("is not a report of 'coppice demo --report'");
    assertThatThrownBy(() -> Curve.ofCsv("reference", write("phase,round\n"), 10))
        .hasMessageContaining("lacks the column test_acc");
  }

  private Path write(String text) throws IOException {
    return Files.writeString(directory.resolve("file"), text);
  }
}
