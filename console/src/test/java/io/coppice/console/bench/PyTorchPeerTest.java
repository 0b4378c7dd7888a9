package io.coppice.console.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coppice.console.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** A shell in the place of Python, and a shell script in the place of the peer's program. */
@EnabledOnOs({OS.LINUX, OS.MAC})
class PyTorchPeerTest {

  private static final Workload INFERENCE = new Workload(Workload.Kind.INFERENCE, 20);

  @TempDir private Path directory;

  @Test
  void theRequestIsALineAndSoIsTheAnswer() throws IOException {
    Path script =
        write(
            """
            [ "$1" = --serve ] || exit 1
            echo '{"torch": "9.9", "networks": ["conv2", "mlp"]}'
            while read -r kind network batch repeats; do
              [ "$kind $network $batch $repeats" = "inference conv2 20 5" ] && echo '{"medianMillis": 2.5}'
            done
            """);
    try (PyTorchPeer peer = PyTorchPeer.start("/bin/sh", script)) {
      assertThat(peer.environment().get("torch").asText()).isEqualTo("9.9");
      assertThat(peer.has("conv2")).isTrue();
      assertThat(peer.has("resnet18")).isFalse();
      assertThat(peer.millis("conv2", INFERENCE)).isEqualTo(2.5);
      assertThat(peer.millis("conv2", INFERENCE)).isEqualTo(2.5);
    }
  }

  @Test
  void whatThePeerCannotDoIsToldInItsOwnWords() throws IOException {
    Path script = write("echo '{}'; read -r line; echo '{\"error\": \"No such network.\"}'");
    try (PyTorchPeer peer = PyTorchPeer.start("/bin/sh", script)) {
      assertThatThrownBy(() -> peer.millis("conv2", INFERENCE))
          .isInstanceOf(UserError.class)
          .hasMessage("The PyTorch peer cannot measure: No such network.");
    }
  }

  @Test
  void aPeerThatEndsIsNamedWithItsExitCode() throws IOException {
    Path script = write("exit 2");
    assertThatThrownBy(() -> PyTorchPeer.start("/bin/sh", script))
        .isInstanceOf(UserError.class)
        .hasMessage(
            "The PyTorch peer ended with exit code 2: it needs a Python 3 with PyTorch, and --peer is /bin/sh.");
  }

  @Test
  void anotherProgramIsNoPeer() throws IOException {
    Path script = write("echo hello");
    assertThatThrownBy(() -> PyTorchPeer.start("/bin/sh", script))
        .isInstanceOf(UserError.class)
        .hasMessage("--peer /bin/sh does not answer as the PyTorch peer.");
  }

  @Test
  void thePythonAndTheProgramMustBeThere() throws IOException {
    Path script = write("");
    assertThatThrownBy(() -> PyTorchPeer.start(directory + "/python", script))
        .isInstanceOf(UserError.class)
        .hasMessage("--peer " + directory + "/python cannot be started: give a Python 3.");
    assertThatThrownBy(() -> PyTorchPeer.start("/bin/sh", directory.resolve("none")))
        .isInstanceOf(UserError.class)
        .hasMessage(
            "The program of the PyTorch peer, " + directory.resolve("none") + ", is missing.");
  }

  private Path write(String text) throws IOException {
    return Files.writeString(directory.resolve("peer"), text);
  }
}
