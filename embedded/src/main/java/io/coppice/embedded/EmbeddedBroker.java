package io.coppice.embedded;

import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.common.utils.Time;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A Kafka broker inside this process: one node, broker and KRaft controller at once, on 127.0.0.1 only, without security. Its
 * directory can be started again at any time, also after the process was killed, and also on another port.
 *
 * <p>It is a genuine broker: clients of any language connect to {@link #bootstrap()}.
 */
public final class EmbeddedBroker implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(EmbeddedBroker.class);

  /** Attempts with ports that the system chose; another program may take one between the choice and the start. */
  private static final int PORT_ATTEMPTS = 3;

  /** An orderly shutdown takes a second or two; one after a fatal fault may wait for a controller that is gone. */
  private static final Duration SHUTDOWN_LIMIT = Duration.ofSeconds(30);

  private final BrokerDirectory directory;
  private final Consumer<EmbeddedClusterException> onFatalFault;
  private final IntConsumer exitListener = this::fatalFault;
  private final AtomicBoolean faulted = new AtomicBoolean();
  private final AtomicBoolean closed = new AtomicBoolean();
  private volatile boolean running;
  private KafkaRaftServer server;
  private LoopbackPorts.Pair ports;

  private EmbeddedBroker(
      BrokerDirectory directory, Consumer<EmbeddedClusterException> onFatalFault) {
    this.directory = directory;
    this.onFatalFault = onFatalFault;
  }

  /** As {@link #start(Path, int, Consumer)}; a fatal fault is logged and nothing else. */
  public static EmbeddedBroker start(Path directory, int port) {
    return start(directory, port, fault -> {});
  }

  /**
   * Starts a broker and waits until it serves clients.
   *
   * @param directory its data; created and formatted if it is new
   * @param port port of 127.0.0.1 for clients, or 0 for a free one
   * @param onFatalFault told at most once if the running broker fails for good, as when its disk is gone; called on one of
   *     Kafka's threads after the fault was logged. The process goes on: to end it is the caller's choice.
   * @throws EmbeddedClusterException if the port is taken, or the directory cannot be written, is in use, or was written by
   *     another version of Kafka; nothing is left running
   */
  public static EmbeddedBroker start(
      Path directory, int port, Consumer<EmbeddedClusterException> onFatalFault) {
    // Fails before anything is created on the disk.
    checkPort(port);
    EmbeddedBroker broker = new EmbeddedBroker(BrokerDirectory.open(directory), onFatalFault);
    KafkaExits.divertTo(broker.exitListener);
    try {
      broker.startServer(port);
      return broker;
    } catch (RuntimeException e) {
      broker.release();
      throw e;
    }
  }

  /**
   * Checks that a broker could be started on a port now.
   *
   * @throws EmbeddedClusterException if there is no such port or it is taken
   */
  public static void checkPort(int port) {
    LoopbackPorts.requireValid(port);
    LoopbackPorts.choose(port);
  }

  private void startServer(int port) {
    for (int attempt = 1; ; attempt++) {
      ports = LoopbackPorts.choose(port);
      try {
        if (KilledBroker.isIn(directory.path())) {
          KilledBroker.fence(directory.path(), ports);
        }
        server =
            new KafkaRaftServer(
                new KafkaConfig(BrokerSettings.of(directory.path(), ports)), Time.SYSTEM);
        server.startup();
        if (faulted.get()) {
          throw new IllegalStateException("a fatal fault, see the log");
        }
        running = true;
        log.info("Broker on {} serves {}", directory.path(), bootstrap());
        return;
      } catch (Exception e) { // Scala code throws checked exceptions that it does not declare.
        // A failed start leaves the controller's threads behind, which would keep the process
        // alive.
        stopServer();
        if (e instanceof InterruptedException) {
          Thread.currentThread().interrupt();
        }
        if (!LoopbackPorts.isBindFailure(e) || attempt == PORT_ATTEMPTS) {
          throw new EmbeddedClusterException(
              "The broker on the directory "
                  + directory.path()
                  + " cannot be started: "
                  + rootMessage(e),
              e);
        }
        faulted.set(false);
      }
    }
  }

  /** Where clients connect: 127.0.0.1 and the port, as {@code bootstrap.servers} wants it. */
  public String bootstrap() {
    return LoopbackPorts.HOST + ":" + ports.broker();
  }

  private void fatalFault(int status) {
    if (!faulted.compareAndSet(false, true) || !running) {
      return;
    }
    EmbeddedClusterException fault =
        new EmbeddedClusterException(
            "The broker on the directory "
                + directory.path()
                + " has failed for good (Kafka's exit status "
                + status
                + "): the log says why, and whether the disk is full or gone is the first thing to"
                + " look at.");
    log.error(fault.getMessage());
    onFatalFault.accept(fault);
  }

  /** Shuts the broker down in an orderly way and gives its directory back. */
  @Override
  public void close() {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    running = false;
    if (stopServer()) {
      release();
    }
  }

  /** Returns false if the server did not stop in time; its threads may then still write to the directory. */
  private boolean stopServer() {
    if (server == null) {
      return true;
    }
    Thread stopping =
        Thread.ofPlatform()
            .name("embedded-broker-shutdown")
            .daemon()
            .start(
                () -> {
                  server.shutdown();
                  server.awaitShutdown();
                });
    if (joined(stopping)) {
      return true;
    }
    log.warn(
        "The broker on {} has not stopped within {} s and is left to end with the process.",
        directory.path(),
        SHUTDOWN_LIMIT.toSeconds());
    return false;
  }

  /** Waits also for an interrupted caller: a broker that is cut short has to recover its logs at the next start. */
  private static boolean joined(Thread stopping) {
    long giveUp = System.nanoTime() + SHUTDOWN_LIMIT.toNanos();
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return stopping.join(Duration.ofNanos(giveUp - System.nanoTime()));
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private void release() {
    KafkaExits.remove(exitListener);
    directory.close();
  }

  private static String rootMessage(Throwable failure) {
    Throwable root = failure;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    return root.getMessage() == null ? root.getClass().getSimpleName() : root.getMessage();
  }
}
