package io.coppice.pruning;

import io.coppice.service.ServiceMain;

/** The pruning service as a process of its own. */
public final class Application {

  static final String SERVICE = "pruning-service";

  private static final int HTTP_PORT = 8082;

  private Application() {}

  public static void main(String... args) {
    ServiceMain.start(Application.class, SERVICE, HTTP_PORT, args);
  }
}
