package io.coppice.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coppice.schemas.keys.KeyFile;
import io.coppice.service.StartException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.security.KeyPair;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KeySettingsTest {

  private final AgentSettings settings = new AgentSettings();

  @TempDir private Path temporary;

  @Test
  void withoutAFileTheKeyIsNewEveryTime() {
    AgentKey first = key().orElseThrow();
    assertThat(first.file()).isEmpty();
    assertThat(key().orElseThrow().publicKey()).isNotEqualTo(first.publicKey());
  }

  @Test
  void aFileThatIsMissingIsCreatedAndUsedFromThenOn() {
    Path file = temporary.resolve("agent.pem");
    settings.setKeyFile(file.toString());
    AgentKey created = key().orElseThrow();
    assertThat(created.file()).contains(file);
    assertThat(KeyFile.pem(file).read().getPublic()).isEqualTo(created.pair().getPublic());
    assertThat(key().orElseThrow().publicKey()).isEqualTo(created.publicKey());
  }

  @Test
  void itsNameMayStandInThatOfTheFile() {
    settings.setId("agent-7");
    settings.setKeyFile(temporary.resolve("{agent}.pem").toString());
    assertThat(key().orElseThrow().file()).contains(temporary.resolve("agent-7.pem"));
  }

  @Test
  void aSlotKeepsTheKeyForItsNextHolder() throws IOException {
    settings.setSlots(temporary.toString());
    AgentKey first;
    try (AgentPlace place = AgentPlace.of(settings)) {
      first = KeySettings.key(settings, place).orElseThrow();
    }
    Path file = temporary.resolve("00").resolve("key.pem");
    assertThat(first.file()).contains(file);
    assertThat(Files.getPosixFilePermissions(file))
        .containsExactlyInAnyOrder(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE);
    try (AgentPlace place = AgentPlace.of(settings)) {
      assertThat(KeySettings.key(settings, place).orElseThrow().publicKey())
          .isEqualTo(first.publicKey());
    }
  }

  @Test
  void aStoreIsOpenedWithThePasswordInAFile() throws IOException {
    settings.setKeyFile(
        Path.of("..", "schemas", "src", "test", "resources", "keys", "ed25519.p12").toString());
    settings.setKeyPasswordFile(
        Files.writeString(temporary.resolve("password"), "secret\nnot this\n").toString());
    settings.setKeyAlias("agent");
    KeyPair pair = key().orElseThrow().pair();

    settings.setKeyPasswordFile(null);
    settings.setKeyPassword("secret");
    assertThat(key().orElseThrow().pair().getPublic()).isEqualTo(pair.getPublic());

    settings.setKeyAlias("nobody");
    refuses(
        "coppice.agent.key-file: "
            + settings.getKeyFile()
            + " holds no key nobody; there is agent.");
    settings.setKeyPassword("other");
    refuses(
        "coppice.agent.key-file: The password of " + settings.getKeyFile() + " is another one.");
  }

  @Test
  void aStoreThatIsMissingIsNotMadeUp() {
    Path file = temporary.resolve("agent.p12");
    settings.setKeyFile(file.toString());
    refuses("coppice.agent.key-file: There is no key file " + file + ".");
    settings.setKeyFile(temporary.resolve("agent").toString());
    settings.setKeyPassword("secret");
    refuses("coppice.agent.key-file: There is no key file " + temporary.resolve("agent") + ".");
    assertThat(temporary).isEmptyDirectory();
  }

  @Test
  void anAgentThatDoesNotSignHasNoKey() {
    settings.setSigned(false);
    assertThat(key()).isEmpty();
    settings.setKeyFile("agent.pem");
    refuses(
        "coppice.agent.key-file is of no use with coppice.agent.signed=false: leave one of them out.");
  }

  @Test
  void anEmptyNameIsNotTakenForNone() {
    settings.setKeyFile("");
    refuses("coppice.agent.key-file names no file.");
  }

  @Test
  void onePasswordIsEnough() {
    settings.setKeyFile("agent.p12");
    settings.setKeyPassword("secret");
    settings.setKeyPasswordFile("password");
    refuses(
        "The password is given by coppice.agent.key-password or by coppice.agent.key-password-file, not by both.");
    settings.setKeyPassword(null);
    settings.setKeyPasswordFile(temporary.resolve("none").toString());
    refuses("coppice.agent.key-password-file: There is no file " + temporary.resolve("none") + ".");
  }

  private Optional<AgentKey> key() {
    return KeySettings.key(settings, AgentPlace.of(settings));
  }

  private void refuses(String sentence) {
    assertThatThrownBy(this::key).isInstanceOf(StartException.class).hasMessage(sentence);
  }
}
