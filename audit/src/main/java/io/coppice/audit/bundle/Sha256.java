package io.coppice.audit.bundle;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.function.IntConsumer;

/** SHA-256 of files. */
final class Sha256 {

  private static final int CHUNK = 1 << 20;

  private Sha256() {}

  static MessageDigest newDigest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
  }

  /**
   * The digest of a file's bytes.
   *
   * @param read told of every chunk's length
   * @return 64 lower-case hexadecimal digits
   */
  static String of(Path file, IntConsumer read) throws IOException {
    MessageDigest digest = newDigest();
    byte[] chunk = new byte[CHUNK];
    try (InputStream in = Files.newInputStream(file)) {
      for (int n = in.read(chunk); n >= 0; n = in.read(chunk)) {
        digest.update(chunk, 0, n);
        read.accept(n);
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }
}
