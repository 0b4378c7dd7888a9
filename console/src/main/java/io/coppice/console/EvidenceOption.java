package io.coppice.console;

import io.coppice.audit.bundle.BundleEvidence;
import io.coppice.audit.bundle.BundleFormatException;
import io.coppice.console.LogOption.OpenLog;
import io.coppice.replay.EvidenceSource;
import io.coppice.replay.KafkaEvidence;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.LogSerdes;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/** What an audit reads: a demo's directory, a running cluster, or an evidence bundle. */
final class EvidenceOption {

  @ArgGroup(exclusive = false)
  private LogOption.Directory directory;

  @ArgGroup(exclusive = false)
  private LogOption.Cluster cluster;

  @ArgGroup(exclusive = false)
  private Bundle bundle;

  /** What {@code coppice audit export} has written. */
  static final class Bundle {
    @Option(
        names = "--bundle",
        paramLabel = "DIR",
        required = true,
        description = "An evidence bundle, as 'coppice audit export' writes it.")
    private Path dir;

    Open open() {
      return EvidenceOption.openBundle("--bundle", dir);
    }
  }

  /**
   * Evidence that is open, with what it needs.
   *
   * @param place where it was found, for people
   */
  record Open(EvidenceSource source, String place, AutoCloseable owned) implements AutoCloseable {

    /**
     * Finds a run.
     *
     * @param runId null for the newest, or that of the bundle
     * @throws UserError if there is none
     */
    RunDefinition run(String runId) {
      return source
          .find(Optional.ofNullable(runId))
          .orElseThrow(
              () ->
                  UserError.badInput(
                      runId == null
                          ? "There is no run in " + place + "."
                          : "There is no run " + runId + " in " + place + "."));
    }

    /** The bundle that it is; empty if it is a log. */
    Optional<BundleEvidence> bundle() {
      return source instanceof BundleEvidence evidence ? Optional.of(evidence) : Optional.empty();
    }

    @Override
    public void close() throws Exception {
      source.close();
      owned.close();
    }
  }

  /**
   * Opens the evidence.
   *
   * @throws UserError if there is none
   */
  Open open() throws InterruptedException {
    if (bundle != null) {
      return bundle.open();
    }
    if (directory != null) {
      return openDirectory(directory);
    }
    LogOption.Cluster named = LogOption.orOfEnvironment(cluster, "--dir, or --bundle");
    return openLog(named.open(), "the log at " + named.brokers());
  }

  /**
   * Opens the log of a demo's directory.
   *
   * @throws UserError if there is none
   */
  static Open openDirectory(LogOption.Directory directory) {
    return openLog(directory.open(0), "the log in " + directory.path());
  }

  /**
   * Opens a bundle.
   *
   * @param option that names it
   * @throws UserError if it is none
   */
  static Open openBundle(String option, Path directory) {
    try {
      return new Open(BundleEvidence.open(directory), "the bundle " + directory, () -> {});
    } catch (BundleFormatException e) {
      throw UserError.badInput(option + ": " + e.getMessage(), e);
    }
  }

  private static Open openLog(OpenLog log, String place) {
    return new Open(
        new KafkaEvidence(log.cluster(), new LogSerdes(log.cluster().newRegistry())), place, log);
  }
}
