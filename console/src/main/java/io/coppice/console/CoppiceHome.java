package io.coppice.console;

import java.nio.file.Path;

/** What comes with Coppice beside its jars: data, and the programs that it is compared with. */
public final class CoppiceHome {

  private CoppiceHome() {}

  /** A path below the directory of the launcher, which tells where that is; else below the current directory. */
  public static Path resolve(String first, String... more) {
    return Path.of(System.getProperty("coppice.home", ".")).resolve(Path.of(first, more));
  }
}
