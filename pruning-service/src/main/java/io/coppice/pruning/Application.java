package io.coppice.pruning;

import io.coppice.service.ServiceMain;

/** The pruning service as a process of its own. */
public final class Application {

  private Application() {}

  public static void main(String... args) {
    ServiceMain.start(Application.class, args);
  }
}
