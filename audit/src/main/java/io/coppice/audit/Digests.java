package io.coppice.audit;

import java.nio.ByteBuffer;
import java.util.HexFormat;

/** Digests for people. */
public final class Digests {

  private static final int SHOWN_DIGITS = 16;

  private Digests() {}

  /** All digits, in hexadecimal. */
  public static String hex(ByteBuffer digest) {
    byte[] bytes = new byte[digest.remaining()];
    digest.duplicate().get(bytes);
    return HexFormat.of().formatHex(bytes);
  }

  /** As many digits as tell two digests apart. */
  static String brief(ByteBuffer digest) {
    String hex = hex(digest);
    return hex.isEmpty() ? "none" : hex.substring(0, Math.min(SHOWN_DIGITS, hex.length()));
  }
}
