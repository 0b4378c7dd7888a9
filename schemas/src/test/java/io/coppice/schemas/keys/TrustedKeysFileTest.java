package io.coppice.schemas.keys;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coppice.schemas.Signatures;
import io.coppice.schemas.TrustedKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.PublicKey;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TrustedKeysFileTest {

  private static final PublicKey FIRST = Signatures.newKeyPair().getPublic();
  private static final PublicKey SECOND = Signatures.newKeyPair().getPublic();

  @TempDir private Path temporary;

  @Test
  void linesAreReadInTheOrderOfTheAgents() throws IOException {
    Path file =
        write(
            "# the hospital",
            "  " + TrustedKeysFile.line("north", FIRST) + "   # cellar",
            "",
            TrustedKeysFile.line("east", SECOND).replace(" ", "\t"));
    assertThat(TrustedKeysFile.read(file))
        .containsExactly(
            new TrustedKey("east", Signatures.encode(SECOND)),
            new TrustedKey("north", Signatures.encode(FIRST)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          north          | FILE, line 3: A line has an agent id and its public key, not 1 words.
          north KEY more | FILE, line 3: A line has an agent id and its public key, not 3 words.
          North KEY      | FILE, line 3: Agent id 'North' is not allowed: use 1 to 64 of a-z, 0-9 and '-'.
          east KEY       | FILE, line 3: Agent east has a key in line 2 already.
          north AAAA     | FILE, line 3: 'AAAA' is not an Ed25519 public key: 60 characters of base64, as 'coppice keys show' prints.
          north K?Y      | FILE, line 3: 'K?Y' is not an Ed25519 public key: 60 characters of base64, as 'coppice keys show' prints.
          """)
  void aLineThatIsWrongIsNamed(String line, String sentence) throws IOException {
    Path file =
        write(
            "# two agents",
            TrustedKeysFile.line("east", FIRST),
            line.replace("KEY", PublicKeys.base64(SECOND)));
    assertThatThrownBy(() -> TrustedKeysFile.read(file))
        .isInstanceOf(KeyFileException.class)
        .hasMessage(sentence.replace("FILE", file.toString()));
  }

  @Test
  void aFileWithoutAgentsIsRefused() throws IOException {
    Path empty = write("# nobody");
    assertThatThrownBy(() -> TrustedKeysFile.read(empty)).hasMessage(empty + " names no agent.");
    Path none = temporary.resolve("none");
    assertThatThrownBy(() -> TrustedKeysFile.read(none))
        .isInstanceOf(KeyFileException.class)
        .hasMessage("There is no file " + none + ".");
    Path binary = Files.write(temporary.resolve("binary"), new byte[] {(byte) 0xff, 0, 1});
    assertThatThrownBy(() -> TrustedKeysFile.read(binary)).hasMessage(binary + " is not text.");
  }

  private Path write(String... lines) throws IOException {
    return Files.writeString(temporary.resolve("trusted"), String.join("\n", lines));
  }
}
