package io.coppice.agent;

import io.coppice.service.ServiceMain;

/** The edge agent as a process of its own. */
public final class Application {

  private Application() {}

  public static void main(String... args) {
    ServiceMain.start(Application.class, args);
  }
}
