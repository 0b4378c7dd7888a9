package io.coppice.schemas.keys;

import io.coppice.schemas.Signatures;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.PublicKey;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A key pair in PEM (RFC 7468): a block {@code PRIVATE KEY} (PKCS#8), and the block {@code PUBLIC KEY} (SubjectPublicKeyInfo) beside
 * it or not. What stands around the blocks is not looked at.
 */
final class PemFile {

  private static final String PRIVATE_KEY = "PRIVATE KEY";
  private static final String PUBLIC_KEY = "PUBLIC KEY";

  private static final Pattern BLOCK =
      Pattern.compile("-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \\1-----", Pattern.DOTALL);

  private static final int LINE_LENGTH = 64;

  private record Block(String label, String base64) {}

  private final Path path;
  private final List<Block> blocks = new ArrayList<>();

  /**
   * @param path for messages
   */
  PemFile(Path path, byte[] content) {
    this.path = path;
    Matcher matcher = BLOCK.matcher(new String(content, StandardCharsets.ISO_8859_1));
    while (matcher.find()) {
      blocks.add(new Block(matcher.group(1), matcher.group(2)));
    }
    if (blocks.isEmpty()) {
      throw new KeyFileException(
          path + " holds no key: a key file is PEM (-----BEGIN PRIVATE KEY-----) or PKCS#12.");
    }
  }

  /** The pair that the private key makes. */
  KeyPair keyPair() {
    Block block = only(PRIVATE_KEY).orElseThrow(this::noPrivateKey);
    KeyPair pair =
        Ed25519Keys.pair(path.toString(), Ed25519Keys.privateKey(path.toString(), decoded(block)));
    only(PUBLIC_KEY)
        .ifPresent(beside -> Ed25519Keys.checkFits(path.toString(), pair, publicKey(beside)));
    return pair;
  }

  /** The public key, be the private one there or not. */
  PublicKey publicKey() {
    Optional<Block> alone = only(PUBLIC_KEY);
    return only(PRIVATE_KEY).isEmpty() && alone.isPresent()
        ? publicKey(alone.get())
        : keyPair().getPublic();
  }

  private PublicKey publicKey(Block block) {
    try {
      return Signatures.publicKey(ByteBuffer.wrap(decoded(block)));
    } catch (IllegalArgumentException e) {
      throw new KeyFileException(path + " holds a public key that is not an Ed25519 key.", e);
    }
  }

  private Optional<Block> only(String label) {
    List<Block> found = blocks.stream().filter(block -> block.label.equals(label)).toList();
    if (found.size() > 1) {
      throw new KeyFileException(
          String.format("%s holds %d blocks %s; it may hold one.", path, found.size(), label));
    }
    return found.stream().findFirst();
  }

  private KeyFileException noPrivateKey() {
    String label = blocks.getFirst().label;
    return new KeyFileException(
        switch (label) {
          case PUBLIC_KEY -> path + " holds a public key only; to sign takes the private one.";
          case "ENCRYPTED PRIVATE KEY" ->
              path
                  + " holds an encrypted PEM key, which is not read: decrypt it with 'openssl pkey', or keep it in"
                  + " a PKCS#12 file with a password.";
          default ->
              String.format(
                  "%s holds a block %s; needed is one PRIVATE KEY with an Ed25519 key, as 'coppice keys create'"
                      + " makes it.",
                  path, label);
        });
  }

  private byte[] decoded(Block block) {
    try {
      return Base64.getDecoder().decode(block.base64.replaceAll("\\s", ""));
    } catch (IllegalArgumentException e) {
      throw new KeyFileException(
          String.format("%s: The block %s is not base64.", path, block.label), e);
    }
  }

  /** The content of a file with both keys. */
  static byte[] of(KeyPair pair) {
    String text =
        Stream.of(
                new Block(PRIVATE_KEY, encoded(pair.getPrivate().getEncoded())),
                new Block(PUBLIC_KEY, encoded(pair.getPublic().getEncoded())))
            .map(
                block ->
                    String.format(
                        "-----BEGIN %s-----%n%s%n-----END %s-----%n",
                        block.label, block.base64, block.label))
            .reduce("", String::concat);
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  private static String encoded(byte[] der) {
    return Base64.getMimeEncoder(
            LINE_LENGTH, System.lineSeparator().getBytes(StandardCharsets.US_ASCII))
        .encodeToString(der);
  }
}
