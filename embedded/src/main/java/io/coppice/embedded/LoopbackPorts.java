package io.coppice.embedded;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;

/** Ports of 127.0.0.1, probed before anything is started on them so that a taken one costs nothing to find out. */
final class LoopbackPorts {

  static final String HOST = "127.0.0.1";

  private LoopbackPorts() {}

  /**
   * Two different ports for the broker's listener and the controller's.
   *
   * @param brokerPort the wanted port, or 0 for a free one
   */
  static Pair choose(int brokerPort) {
    // Both are held open at once: the system may hand out the same port again as soon as it is
    // free.
    try (ServerSocket broker = bind(brokerPort);
        ServerSocket controller = bind(0)) {
      return new Pair(broker.getLocalPort(), controller.getLocalPort());
    } catch (IOException e) {
      throw taken(brokerPort, e);
    }
  }

  static InetSocketAddress address(int port) {
    try {
      return new InetSocketAddress(InetAddress.getByName(HOST), port);
    } catch (IOException e) {
      throw new AssertionError("a literal address needs no look-up", e);
    }
  }

  /**
   * @throws EmbeddedClusterException if no port has this number
   */
  static void requireValid(int port) {
    if (port < 0 || port > 65_535) {
      throw new EmbeddedClusterException(
          "A port is a number from 1 to 65535, or 0 for a free one, not " + port + ".");
    }
  }

  static EmbeddedClusterException taken(int port, Throwable cause) {
    return new EmbeddedClusterException(
        "Port "
            + port
            + " of "
            + HOST
            + " cannot be opened ("
            + cause.getMessage()
            + "): stop the program that holds it, or choose another port.",
        cause);
  }

  /** Whether a failure goes back to a port that could not be opened. */
  static boolean isBindFailure(Throwable failure) {
    for (Throwable t = failure; t != null; t = t.getCause()) {
      if (t instanceof BindException) {
        return true;
      }
    }
    return false;
  }

  private static ServerSocket bind(int port) throws IOException {
    ServerSocket socket = new ServerSocket();
    try {
      socket.bind(address(port));
      return socket;
    } catch (IOException e) {
      socket.close();
      throw e;
    }
  }

  /** The two ports of a combined broker and controller. */
  record Pair(int broker, int controller) {}
}
