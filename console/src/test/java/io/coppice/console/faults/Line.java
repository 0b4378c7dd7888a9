package io.coppice.console.faults;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * A line to one port: TCP connections that pass through this process, which can let their bytes wait, or pass slowly. A line that
 * is cut says nothing: connections stay open and are even taken, like those of a device out of reach, and what was under way
 * arrives when the line is whole again.
 */
final class Line implements AutoCloseable {

  /** A small window, so that little is under way: what a slow line has not taken stays with the sender. */
  private static final int BUFFER_BYTES = 8 << 10;

  /** How all lines of one party are now. */
  static final class Condition {
    private boolean cut;
    private long bytesPerSecond = Long.MAX_VALUE;
    private boolean onlyFirst;

    /** No byte passes any more, until the line is {@link #mend}ed. */
    synchronized void cut() {
      cut = true;
    }

    /** Of what the party sends, so many bytes pass in a second on each connection. */
    synchronized void slow(long bytesPerSecond) {
      this.bytesPerSecond = bytesPerSecond;
      onlyFirst = false;
    }

    /** The same on the line to the first broker only: what goes to the others is there long before. */
    synchronized void slowToFirst(long bytesPerSecond) {
      this.bytesPerSecond = bytesPerSecond;
      onlyFirst = true;
    }

    /** All is well again. */
    synchronized void mend() {
      cut = false;
      bytesPerSecond = Long.MAX_VALUE;
      notifyAll();
    }

    /** Waits for as long as so many bytes take that the party sends. */
    private synchronized void send(int bytes, boolean first) throws InterruptedException {
      long begin = System.nanoTime();
      while (bytesPerSecond != Long.MAX_VALUE && (first || !onlyFirst)) {
        long leftMillis =
            bytes * 1000L / bytesPerSecond
                - TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin);
        if (leftMillis <= 0) {
          return;
        }
        wait(leftMillis);
      }
    }

    /** Waits until something may pass. */
    private synchronized void pass() throws InterruptedException {
      while (cut) {
        wait();
      }
    }
  }

  private final ServerSocket entrance;
  private final int port;
  private final Condition condition;
  private final boolean first;
  private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();

  private Line(ServerSocket entrance, int port, Condition condition, boolean first) {
    this.entrance = entrance;
    this.port = port;
    this.condition = condition;
    this.first = first;
  }

  /**
   * Opens a line from one port of 127.0.0.1 to another, where somebody may listen or not.
   *
   * @param condition shared by all lines that fail together
   * @param first whether it leads to the first broker
   */
  static Line open(int from, int to, Condition condition, boolean first) {
    try {
      ServerSocket entrance = new ServerSocket();
      entrance.setReuseAddress(true);
      entrance.setReceiveBufferSize(BUFFER_BYTES);
      entrance.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), from));
      Line line = new Line(entrance, to, condition, first);
      Thread.ofVirtual().start(line::accept);
      return line;
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private void accept() {
    while (!entrance.isClosed()) {
      try {
        Socket client = entrance.accept();
        Thread.ofVirtual().start(() -> connect(client));
      } catch (IOException e) {
        return; // closed
      }
    }
  }

  private void connect(Socket client) {
    try {
      condition.pass();
      Socket server = new Socket(InetAddress.getLoopbackAddress(), port);
      sockets.add(client);
      sockets.add(server);
      Thread.ofVirtual().start(() -> copy(client, server, true));
      Thread.ofVirtual().start(() -> copy(server, client, false));
    } catch (IOException | InterruptedException e) {
      closeQuietly(client);
    }
  }

  private void copy(Socket from, Socket to, boolean sent) {
    try {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      byte[] buffer = new byte[BUFFER_BYTES];
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        if (sent) {
          condition.send(n, first);
        }
        condition.pass();
        out.write(buffer, 0, n);
      }
    } catch (IOException | InterruptedException e) {
      // One of the two is gone, and so is the connection.
    } finally {
      closeQuietly(from);
      closeQuietly(to);
    }
  }

  private void closeQuietly(Socket socket) {
    sockets.remove(socket);
    try {
      socket.close();
    } catch (IOException e) {
      // It is of no use any more in any case.
    }
  }

  @Override
  public void close() {
    try {
      entrance.close();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    sockets.forEach(this::closeQuietly);
  }
}
