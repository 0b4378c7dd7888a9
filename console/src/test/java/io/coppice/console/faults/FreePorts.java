package io.coppice.console.faults;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.Random;

/**
 * Ports of 127.0.0.1 that stay free while their owner is down: none of those that the system hands out for outgoing connections, of
 * which one would sooner or later be in the place of a broker that comes back.
 */
final class FreePorts {

  private static final int FIRST = 20_000;
  private static final int LAST = 32_000;

  private final Random random = new Random();
  private int next = FIRST + random.nextInt(LAST - FIRST);

  /** A port that nobody listens at. */
  int next() {
    for (int tries = FIRST; tries < LAST; tries++) {
      next = next < LAST ? next + 1 : FIRST;
      try (ServerSocket socket = new ServerSocket()) {
        socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), next));
        return next;
      } catch (IOException e) {
        // Somebody else's.
      }
    }
    throw new AssertionError("no port is free from " + FIRST + " to " + LAST);
  }
}
