package io.coppice.console;

import static org.assertj.core.api.Assertions.assertThat;

import io.coppice.schemas.keys.KeyFile;
import io.coppice.schemas.keys.PublicKeys;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.PublicKey;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KeysCommandTest {

  private static final Path OPENSSL = Path.of("..", "schemas", "src", "test", "resources", "keys");
  private static final String KEY = "MCowBQYDK2VwAyEAYJnhT3s/HAIu2qMGr1AogXym6UYl2vMG63eytxxpTO8=";
  private static final String SHOWN =
      """
      Public key    %s
      Fingerprint   19c6507d1c1ac6bb1ed063b379f6d4129705914a8c0aa68de2df6f4241b65bd6
      Trusted line  %s %s
      """;

  @TempDir private static Path temporary;

  @Test
  void aKeyIsMadeAndShown() {
    Path file = temporary.resolve("agent-7.pem");
    CommandRun created = CommandRun.of("keys", "create", "--out", file.toString());
    assertThat(created.err()).isEmpty();
    assertThat(created.exitCode()).isZero();
    PublicKey key = KeyFile.pem(file).read().getPublic();
    assertThat(created.out().lines())
        .containsExactly(
            "Public key    " + PublicKeys.base64(key),
            "Fingerprint   " + PublicKeys.fingerprint(key),
            "Trusted line  agent-7 " + PublicKeys.base64(key));
    assertThat(CommandRun.of("keys", "show", file.toString()).out()).isEqualTo(created.out());

    CommandRun again = CommandRun.of("keys", "create", "--out", file.toString());
    assertThat(again.exitCode()).isEqualTo(Coppice.BAD_INPUT);
    assertThat(again.err().strip())
        .isEqualTo(file + " exists already: a key is never overwritten, so choose another name.");
    assertThat(KeyFile.pem(file).read().getPublic()).isEqualTo(key);
  }

  @Test
  void keysOfOtherProgramsAreShown() throws IOException {
    String pem = OPENSSL.resolve("ed25519.pem").toString();
    assertThat(CommandRun.of("keys", "show", pem).out())
        .isEqualToNormalizingNewlines(SHOWN.formatted(KEY, "ed25519", KEY));
    String alone = OPENSSL.resolve("ed25519.pub.pem").toString();
    assertThat(CommandRun.of("keys", "show", alone, "--agent", "north").out())
        .isEqualToNormalizingNewlines(SHOWN.formatted(KEY, "north", KEY));
    Path password = Files.writeString(temporary.resolve("password"), "secret");
    String store = OPENSSL.resolve("ed25519.p12").toString();
    assertThat(
            CommandRun.of("keys", "show", store, "--password-file", password.toString(), "--line")
                .out()
                .strip())
        .isEqualTo("ed25519 " + KEY);
    Path unfit = Files.copy(Path.of(pem), temporary.resolve("Agent 7"));
    assertThat(CommandRun.of("keys", "show", unfit.toString(), "--line").out().strip())
        .isEqualTo("AGENT-ID " + KEY);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          show TMP/none.pem                          | There is no key file TMP/none.pem.
          show SSL/rsa.pem                           | SSL/rsa.pem holds a key for RSA, but agents sign with Ed25519: 'coppice keys create' makes one.
          show SSL/ed25519.p12                       | SSL/ed25519.p12 is a PKCS#12 file (or another one in binary), for which a password is needed.
          show SSL/ed25519.p12 --password-file TMP/x | There is no file TMP/x.
          show SSL/ed25519.pem --agent North         | --agent is 1 to 64 of a-z, 0-9 and '-', not 'North'.
          create --out TMP/none/a.pem                | TMP/none/a.pem cannot be written: there is no directory TMP/none.
          """)
  void whatIsWrongIsSaid(String call, String sentence) {
    CommandRun run = CommandRun.of(("keys " + here(call)).split(" "));
    assertThat(run.err().strip()).isEqualTo(here(sentence));
    assertThat(run.out()).isEmpty();
    assertThat(run.exitCode()).isEqualTo(Coppice.BAD_INPUT);
  }

  private static String here(String text) {
    return text.replace("TMP", temporary.toString()).replace("SSL", OPENSSL.toString());
  }
}
