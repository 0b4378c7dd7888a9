package io.coppice.console.federation;

import io.coppice.schemas.TensorEncoding;

/**
 * How importance travels from agents, as a setting says it: {@code float32}, {@code bfloat16}, {@code ufloat8} or {@code
 * sparse-ufloat8:SHARE}.
 *
 * @param encoding of the values
 * @param share fraction of the pruned weights whose importance is sent, in (0, 1]; null: all
 */
public record ImportanceEncoding(TensorEncoding encoding, Double share) {

  private static final String SPARSE = "sparse-ufloat8:";

  /** The importance of all parameters in an encoding. */
  public static ImportanceEncoding plain(TensorEncoding encoding) {
    return new ImportanceEncoding(encoding, null);
  }

  /**
   * Reads a setting.
   *
   * @throws IllegalArgumentException if it is none
   */
  public static ImportanceEncoding parse(String setting) {
    return switch (setting) {
      case "float32" -> plain(TensorEncoding.FLOAT32);
      case "bfloat16" -> plain(TensorEncoding.BFLOAT16);
      case "ufloat8" -> plain(TensorEncoding.UFLOAT8);
      default -> new ImportanceEncoding(TensorEncoding.SPARSE_UFLOAT8, share(setting));
    };
  }

  private static double share(String setting) {
    if (setting.startsWith(SPARSE)) {
      try {
        double share = Double.parseDouble(setting.substring(SPARSE.length()));
        if (share > 0 && share <= 1) {
          return share;
        }
      } catch (NumberFormatException e) {
        // Said below, as for a number that is out of range.
      }
    }
    throw new IllegalArgumentException(
        "It is float32, bfloat16, ufloat8, or sparse-ufloat8:SHARE with a share above 0 and at most 1, not '"
            + setting
            + "'.");
  }
}
