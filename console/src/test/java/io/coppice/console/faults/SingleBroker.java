package io.coppice.console.faults;

import io.coppice.embedded.EmbeddedBroker;
import java.nio.file.Path;

/** The embedded broker in a process of its own: takes its directory and its port. */
final class SingleBroker {

  private SingleBroker() {}

  /** Serves until the process is ended. */
  public static void main(String[] args) throws InterruptedException {
    try (EmbeddedBroker broker =
        EmbeddedBroker.start(Path.of(args[0]), Integer.parseInt(args[1]))) {
      Thread.currentThread().join();
    }
  }
}
