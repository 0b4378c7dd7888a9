package io.coppice.console.progress;

import io.coppice.schemas.RunStopped;

/** A stop in words. Anybody who may write commands has written its reason, so that it is shown as one line of plain text. */
public final class StopText {

  private StopText() {}

  /** Such as {@code stopped by ann@desk: the lab moves}. */
  public static String of(RunStopped stopped) {
    String issuer = plain(stopped.getIssuer());
    String reason = plain(stopped.getReason());
    return "stopped"
        + (issuer.isEmpty() ? "" : " by " + issuer)
        + (reason.isEmpty() ? "" : ": " + reason);
  }

  private static String plain(String text) {
    return text.replaceAll("[\\p{Cntrl}\\p{Cf}\\p{Zl}\\p{Zp}]+", " ").strip();
  }
}
