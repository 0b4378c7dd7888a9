package io.coppice.console;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** The version that the build wrote down. */
public final class CoppiceVersion {

  private CoppiceVersion() {}

  /** The version, such as 0.1.0. */
  public static String read() {
    try (InputStream in = CoppiceVersion.class.getResourceAsStream("/coppice-version.txt")) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8).strip();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
