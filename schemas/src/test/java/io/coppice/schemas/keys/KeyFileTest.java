package io.coppice.schemas.keys;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coppice.schemas.Signatures;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyPair;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.opentest4j.TestAbortedException;

/** Files that openssl has written (in the resources), that keytool writes now, and our own. */
class KeyFileTest {

  private static final Path OPENSSL = Path.of("src", "test", "resources", "keys");

  /** {@code openssl pkey -in ed25519.pem -pubout -outform DER | base64}, and the same through {@code sha256sum}. */
  private static final String PUBLIC_KEY =
      "MCowBQYDK2VwAyEAYJnhT3s/HAIu2qMGr1AogXym6UYl2vMG63eytxxpTO8=";

  private static final String FINGERPRINT =
      "19c6507d1c1ac6bb1ed063b379f6d4129705914a8c0aa68de2df6f4241b65bd6";

  @TempDir private Path temporary;

  @Test
  void whatOpensslWroteHasThePublicKeyThatOpensslDerives() {
    KeyPair pair = KeyFile.pem(OPENSSL.resolve("ed25519.pem")).read();
    assertThat(PublicKeys.base64(pair.getPublic())).isEqualTo(PUBLIC_KEY);
    assertThat(PublicKeys.fingerprint(pair.getPublic())).isEqualTo(FINGERPRINT);
    assertThat(PublicKeys.fromBase64(PUBLIC_KEY)).isEqualTo(Signatures.encode(pair.getPublic()));
    assertThat(KeyFile.pem(OPENSSL.resolve("ed25519.pub.pem")).readPublic())
        .isEqualTo(pair.getPublic());
    assertThat(pkcs12(OPENSSL.resolve("ed25519.p12"), "secret").read().getPublic())
        .isEqualTo(pair.getPublic());
  }

  @Test
  void bothBlocksMayStandInOneFileWithTextAroundThem() throws IOException {
    KeyPair pair = KeyFile.pem(OPENSSL.resolve("ed25519.pem")).read();
    Path both =
        write("Agent 7, cellar\r\n" + openssl("ed25519.pub.pem") + "\n" + openssl("ed25519.pem"));
    assertThat(KeyFile.pem(both).read().getPublic()).isEqualTo(pair.getPublic());
    assertThat(KeyFile.pem(both).readPublic()).isEqualTo(pair.getPublic());
  }

  @Test
  void whatKeytoolWroteIsReadByItsPasswordAndAlias() throws Exception {
    Path store = temporary.resolve("agent.p12");
    keytool(store, "agent-7", "Ed25519");
    KeyPair pair = pkcs12(store, "secret").read();
    assertThat(PublicKeys.base64(pair.getPublic())).hasSize(60);
    assertThat(pkcs12(store, "secret").readPublic()).isEqualTo(pair.getPublic());

    keytool(store, "agent-8", "Ed25519");
    assertThatThrownBy(() -> pkcs12(store, "secret").read())
        .hasMessage(store + " holds 2 keys (agent-7, agent-8): say which one by its alias.");
    KeyFile named = new KeyFile(store, Optional.of("secret"), Optional.of("agent-7"));
    assertThat(named.read().getPublic()).isEqualTo(pair.getPublic());
    assertThatThrownBy(() -> new KeyFile(store, Optional.of("secret"), Optional.of("nine")).read())
        .hasMessage(store + " holds no key nine; there is agent-7, agent-8.");
    assertThatThrownBy(() -> pkcs12(store, "other").read())
        .isInstanceOf(KeyFileException.class)
        .hasMessage("The password of " + store + " is another one.");
    assertThatThrownBy(() -> KeyFile.pem(store).read())
        .hasMessage(
            store
                + " is a PKCS#12 file (or another one in binary), for which a password is needed.");
  }

  @Test
  void aStoreWithAnotherKindOfKeyIsRefused() throws Exception {
    Path store = temporary.resolve("rsa.p12");
    keytool(store, "agent", "RSA");
    assertThatThrownBy(() -> pkcs12(store, "secret").read())
        .isInstanceOf(KeyFileException.class)
        .hasMessage(
            store
                + " holds a key for RSA, but agents sign with Ed25519: 'coppice keys create' makes one.");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          none.pem            | There is no key file FILE.
          rsa.pem             | FILE holds a key for RSA, but agents sign with Ed25519: 'coppice keys create' makes one.
          ed448.pem           | FILE holds a key for Ed448, but agents sign with Ed25519: 'coppice keys create' makes one.
          rsa-traditional.pem | FILE holds a block RSA PRIVATE KEY; needed is one PRIVATE KEY with an Ed25519 key, as 'coppice keys create' makes it.
          encrypted.pem       | FILE holds an encrypted PEM key, which is not read: decrypt it with 'openssl pkey', or keep it in a PKCS#12 file with a password.
          ed25519.pub.pem     | FILE holds a public key only; to sign takes the private one.
          """)
  void aFileThatIsNotOneIsRefused(String file, String sentence) {
    Path path = OPENSSL.resolve(file);
    assertThatThrownBy(() -> KeyFile.pem(path).read())
        .isInstanceOf(KeyFileException.class)
        .hasMessage(sentence.replace("FILE", path.toString()));
  }

  @Test
  void whatIsWrongInAFileIsSaid() throws IOException {
    refuses(temporary, " is a directory, not a key file.");
    refuses(
        write("hello"),
        " holds no key: a key file is PEM (-----BEGIN PRIVATE KEY-----) or PKCS#12.");
    refuses(
        write(""), " holds no key: a key file is PEM (-----BEGIN PRIVATE KEY-----) or PKCS#12.");
    refuses(
        write(openssl("ed25519.pem") + openssl("other.pem")),
        " holds 2 blocks PRIVATE KEY; it may hold one.");
    refuses(
        write(openssl("other.pem") + openssl("ed25519.pub.pem")),
        " holds a public key that does not belong to its private key.");
    refuses(
        write(openssl("ed25519.pem").replace("MC4C", "M?4C")),
        ": The block PRIVATE KEY is not base64.");
    refuses(
        write(openssl("ed25519.pem").replace("MC4C", "MC4D")),
        " holds a private key that cannot be read.");
    Path binary = write("0 is the first byte of DER, but this is none");
    assertThatThrownBy(() -> pkcs12(binary, "secret").read())
        .hasMessage(binary + " is neither PEM nor a readable PKCS#12 file.");
  }

  private static void refuses(Path file, String sentence) {
    assertThatThrownBy(() -> KeyFile.pem(file).read())
        .isInstanceOf(KeyFileException.class)
        .hasMessage(file + sentence);
  }

  @Test
  void aNewFileIsReadBackIsItsOwnersAloneAndIsNeverOverwritten() throws IOException {
    Path file = temporary.resolve("agent.pem");
    KeyPair pair = KeyFile.create(file);
    byte[] content = Files.readAllBytes(file);
    assertThat(new String(content, StandardCharsets.US_ASCII))
        .startsWith("-----BEGIN PRIVATE KEY-----")
        .contains("-----BEGIN PUBLIC KEY-----");
    assertThat(KeyFile.pem(file).read().getPublic()).isEqualTo(pair.getPublic());
    assertThat(KeyFile.pem(file).read().getPrivate()).isEqualTo(pair.getPrivate());
    if (Files.getFileAttributeView(file, PosixFileAttributeView.class) != null) {
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
          .isEqualTo("rw-------");
    }

    assertThatThrownBy(() -> KeyFile.create(file))
        .isInstanceOf(KeyFileException.class)
        .hasMessage(file + " exists already: a key is never overwritten, so choose another name.");
    assertThat(Files.readAllBytes(file)).isEqualTo(content);
    Path nowhere = temporary.resolve("none").resolve("agent.pem");
    assertThatThrownBy(() -> KeyFile.create(nowhere))
        .hasMessage(
            nowhere + " cannot be written: there is no directory " + nowhere.getParent() + ".");
    try (Stream<Path> left = Files.list(temporary)) {
      assertThat(left).containsExactly(file);
    }
  }

  /** Of many who create the same file at once, one does. */
  @Test
  void aFileIsCreatedOnce() {
    Path file = temporary.resolve("agent.pem");
    List<KeyPair> created =
        Stream.generate(() -> file)
            .limit(32)
            .parallel()
            .flatMap(
                path -> {
                  try {
                    return Stream.of(KeyFile.create(path));
                  } catch (KeyFileException taken) {
                    return Stream.empty();
                  }
                })
            .toList();
    assertThat(created).hasSize(1);
    assertThat(KeyFile.pem(file).read().getPublic()).isEqualTo(created.getFirst().getPublic());
  }

  @Test
  void opensslReadsWhatIsWritten() throws Exception {
    Path file = temporary.resolve("agent.pem");
    KeyPair pair = KeyFile.create(file);
    Process openssl;
    try {
      openssl =
          new ProcessBuilder("openssl", "pkey", "-in", file.toString(), "-pubout")
              .redirectErrorStream(true)
              .start();
    } catch (IOException e) {
      throw new TestAbortedException("there is no openssl on this machine", e);
    }
    String output = new String(openssl.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
    assertThat(openssl.waitFor()).as(output).isZero();
    assertThat(output).contains(PublicKeys.base64(pair.getPublic()));
  }

  private Path write(String content) throws IOException {
    return Files.writeString(Files.createTempFile(temporary, "key", ".pem"), content);
  }

  private static String openssl(String file) throws IOException {
    return Files.readString(OPENSSL.resolve(file));
  }

  private static KeyFile pkcs12(Path file, String password) {
    return new KeyFile(file, Optional.of(password), Optional.empty());
  }

  private static void keytool(Path store, String alias, String algorithm) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    command.addAll(List.of("-genkeypair", "-keyalg", algorithm, "-storetype", "PKCS12"));
    command.addAll(List.of("-alias", alias, "-dname", "CN=" + alias, "-storepass", "secret"));
    command.addAll(List.of("-keystore", store.toString()));
    Process keytool = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(keytool.waitFor()).as(output).isZero();
  }
}
