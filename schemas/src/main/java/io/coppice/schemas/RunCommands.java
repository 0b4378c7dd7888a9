package io.coppice.schemas;

import java.util.Optional;

/** What a command must be like by itself, for whoever writes it and for whoever is to carry it out. */
public final class RunCommands {

  /** Longest reason, in characters. */
  public static final int MAX_REASON_CHARS = 500;

  /** Longest name of who issues a command, in characters. */
  public static final int MAX_ISSUER_CHARS = 200;

  private RunCommands() {}

  /** Why a command is not fit to be carried out, one sentence; empty if it is. */
  public static Optional<String> fault(RunCommand command) {
    return tooLong("reason", command.getReason(), MAX_REASON_CHARS)
        .or(() -> tooLong("issuer", command.getIssuer(), MAX_ISSUER_CHARS));
  }

  private static Optional<String> tooLong(String field, String text, int most) {
    return text.length() <= most
        ? Optional.empty()
        : Optional.of(
            String.format(
                "The %s of a command has at most %d characters, not %d.",
                field, most, text.length()));
  }
}
