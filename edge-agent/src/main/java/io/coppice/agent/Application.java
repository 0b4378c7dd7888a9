package io.coppice.agent;

import io.coppice.service.ServiceMain;

/** The edge agent as a process of its own. */
public final class Application {

  static final String SERVICE = "edge-agent";

  private static final int HTTP_PORT = 8083;

  private Application() {}

  public static void main(String... args) {
    ServiceMain.start(Application.class, SERVICE, HTTP_PORT, args);
  }
}
