package io.coppice.console.runs;

import io.coppice.console.UserError;
import io.coppice.console.progress.RunMonitor;
import io.coppice.replay.RunDefinition;
import io.coppice.replay.Runs;
import io.coppice.schemas.ClusterConfig;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.RoundOpened;
import io.coppice.schemas.RunAction;
import io.coppice.schemas.RunCommands;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/** Asks in the log that a run stops or goes on, and waits until its ledger says that it does. */
public final class CommandIssuer implements AutoCloseable {

  private static final Duration POLL = Duration.ofMillis(200);

  private final ClusterConfig cluster;
  private final LogSerdes serdes;
  private final RunMonitor monitor;

  /** Reads the run's ledger. */
  public CommandIssuer(ClusterConfig cluster, LogSerdes serdes, RunDefinition run) {
    this.cluster = cluster;
    this.serdes = serdes;
    this.monitor = new RunMonitor(cluster, serdes, run);
    while (!monitor.hasReadHistory()) {
      monitor.poll(POLL);
    }
  }

  /** The run as its ledger has it. */
  public RunMonitor monitor() {
    return monitor;
  }

  /**
   * Asks, and waits for the answer.
   *
   * @param patience how long
   * @throws UserError if the run is in no state for it, or nobody answers
   */
  public void issue(RunAction action, String reason, Duration patience)
      throws InterruptedException {
    String id = monitor.run().id();
    boolean stops = action == RunAction.STOP;
    if (monitor.finished().isPresent()) {
      throw UserError.failed("Run " + id + " is finished: it can neither stop nor go on.", null);
    }
    if (monitor.stopped().isPresent() == stops) {
      throw UserError.failed(
          stops
              ? "Run " + id + " is stopped already: 'coppice run resume' lets it go on."
              : "Run " + id + " is not stopped: it goes on anyway.",
          null);
    }
    try {
      Runs.command(cluster, serdes, id, action, reason, issuer());
    } catch (IllegalArgumentException e) {
      throw UserError.badInput("--reason: " + e.getMessage(), e);
    }
    BooleanSupplier isDone =
        () -> monitor.stopped().isPresent() == stops || monitor.finished().isPresent();
    if (!await(isDone, patience)) {
      throw UserError.failed(
          String.format(
              "Nobody has answered within %d s: is an aggregator running? The command stays in the log, and the next one that is"
                  + " started carries it out.",
              patience.toSeconds()),
          null);
    }
  }

  /** Waits until the round is closed that is open now. */
  public void awaitClosed() {
    Optional<Integer> open = openRound();
    while (open.isPresent() && openRound().equals(open)) {
      monitor.poll(POLL);
    }
  }

  private Optional<Integer> openRound() {
    return monitor.unclosedRound().map(RoundOpened::getRound);
  }

  private boolean await(BooleanSupplier condition, Duration patience) {
    long end = System.nanoTime() + patience.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > end) {
        return false;
      }
      monitor.poll(POLL);
    }
    return true;
  }

  /** Who asks, for people. */
  private static String issuer() {
    String host;
    try {
      host = InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      host = "unknown";
    }
    String issuer = System.getProperty("user.name", "somebody") + "@" + host;
    return issuer.substring(0, Math.min(issuer.length(), RunCommands.MAX_ISSUER_CHARS));
  }

  @Override
  public void close() {
    monitor.close();
  }
}
