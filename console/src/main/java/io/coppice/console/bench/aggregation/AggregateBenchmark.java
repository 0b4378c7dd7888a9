package io.coppice.console.bench.aggregation;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.coppice.console.UserError;
import io.coppice.console.federation.ShutdownGuard;
import io.coppice.console.progress.Figures;
import io.coppice.embedded.EmbeddedCluster;
import io.coppice.embedded.EmbeddedClusterException;
import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterTensor;
import io.coppice.schemas.ClusterConfig;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * {@code coppice bench aggregate} behind its options: all cases stand ready at the same time and take turns round by round, so that
 * their ratios hold even on a machine that is not quiet.
 */
public final class AggregateBenchmark {

  /** Log segments, indexes and what else lies on the disk beside the updates. */
  private static final double DISK_FACTOR = 1.25;

  /** NumPy's way of before needs every update twice in memory. */
  private static final long PEER_BYTES = 4L << 30;

  /** The writer of a thousand updates in one transaction takes a while. */
  private static final Map<String, String> PATIENT = Map.of("transaction.timeout.ms", "600000");

  /** A directory that does not outlive the measurement. */
  @FunctionalInterface
  private interface Temporary extends AutoCloseable {
    @Override
    void close();
  }

  private final AggregateSettings settings;
  private final PrintWriter out;
  private final PrintWriter progress;

  /**
   * @param out takes the table
   * @param progress takes a line now and then
   */
  public AggregateBenchmark(AggregateSettings settings, PrintWriter out, PrintWriter progress) {
    this.settings = settings;
    this.out = out;
    this.progress = progress;
  }

  /**
   * Measures on a broker of its own and prints.
   *
   * @param parent directory for its log, which is deleted in the end
   * @return the figures as JSON
   * @throws UserError if there is too little room, or something cannot be started
   */
  public ObjectNode embedded(Path parent) throws InterruptedException {
    checkRoom(parent);
    Path directory = newDirectory(parent);
    try (ShutdownGuard _ = new ShutdownGuard(() -> {});
        Temporary _ = () -> delete(directory);
        EmbeddedCluster cluster = EmbeddedCluster.start(directory.resolve("log"), 0)) {
      return measure(cluster.config(), "embedded", directory);
    } catch (EmbeddedClusterException e) {
      throw UserError.failed(e.getMessage(), e);
    }
  }

  /**
   * Measures on a running cluster, in topics of its own that are deleted in the end, and prints.
   *
   * @param parent directory for the state of the instances, which is deleted in the end
   */
  public ObjectNode on(ClusterConfig cluster, Path parent) throws InterruptedException {
    say(
        String.format(
            "writing %s, times the replicas, into topics that are deleted in the end",
            Figures.bytes(settings.bytesWritten())));
    Path directory = newDirectory(parent);
    try (ShutdownGuard _ = new ShutdownGuard(() -> {});
        Temporary _ = () -> delete(directory)) {
      return measure(cluster, cluster.bootstrapServers(), directory);
    }
  }

  private ObjectNode measure(ClusterConfig cluster, String place, Path directory)
      throws InterruptedException {
    List<CaseRun> cases = new ArrayList<>();
    try {
      for (BenchCase bench : settings.cases()) {
        say("starting " + bench);
        cases.add(start(bench, cluster, directory, cases.size()));
      }
      try (NumpyPeer peer = peer(cases, directory).orElse(null)) {
        takeTurns(cases, Optional.ofNullable(peer));
        List<CaseFigures> figures = new ArrayList<>();
        for (CaseRun run : cases) {
          figures.add(run.figures());
        }
        AggregateTable.print(out, settings, figures, Optional.ofNullable(peer));
        return AggregateReport.of(settings, place, figures, Optional.ofNullable(peer));
      }
    } finally {
      cases.reversed().forEach(CaseRun::close);
    }
  }

  private CaseRun start(BenchCase bench, ClusterConfig cluster, Path directory, int number)
      throws InterruptedException {
    String name = cluster.topicPrefix() + "bench-" + UUID.randomUUID().toString().substring(0, 8);
    Map<String, String> client = new HashMap<>(PATIENT);
    client.putAll(cluster.clientProperties());
    ClusterConfig own =
        new ClusterConfig(
            cluster.bootstrapServers(),
            cluster.registryUrl(),
            name + ".",
            client,
            cluster.registryProperties());
    return new CaseRun(bench, settings, own, directory.resolve("case-" + number));
  }

  private Optional<NumpyPeer> peer(List<CaseRun> cases, Path directory) {
    if (settings.peer().isEmpty()) {
      return Optional.empty();
    }
    Mask mask = settings.mask();
    long updates = 2L * settings.agents().getFirst() * mask.activeParameters() * Float.BYTES;
    if (updates > PEER_BYTES) {
      say("no NumPy peer: it would need " + Figures.bytes(updates) + " of memory");
      return Optional.empty();
    }
    return Optional.of(
        NumpyPeer.start(
            settings.peer().get(),
            cases.getFirst().federation().payloads(),
            sizes(mask),
            directory));
  }

  /** Values of each tensor of an update: the active ones. */
  private static List<Integer> sizes(Mask mask) {
    List<Integer> sizes = new ArrayList<>();
    List<ParameterTensor> prunable = mask.layout().prunable();
    for (ParameterTensor tensor : mask.layout().tensors()) {
      int layer = prunable.indexOf(tensor);
      sizes.add(layer < 0 ? tensor.size() : mask.kept(layer));
    }
    return sizes;
  }

  private void takeTurns(List<CaseRun> cases, Optional<NumpyPeer> peer)
      throws InterruptedException {
    for (int turn = 1 - settings.warmUpTurns(); turn <= settings.turns(); turn++) {
      boolean counts = turn > 0;
      for (CaseRun run : cases) {
        run.turn(counts);
      }
      peer.ifPresent(p -> p.turn(settings.agents().getFirst(), counts));
      say(
          counts
              ? "turn " + turn + " of " + settings.turns()
              : "warming up: " + (turn + settings.warmUpTurns()) + " of " + settings.warmUpTurns());
    }
  }

  private void checkRoom(Path parent) {
    try {
      long needed = (long) (DISK_FACTOR * settings.bytesWritten());
      long free = Files.getFileStore(parent).getUsableSpace();
      if (free < needed) {
        throw UserError.failed(
            String.format(
                "The log would take %s and %s has %s left: name another directory with --dir, or ask for fewer agents,"
                    + " instances or rounds.",
                Figures.bytes(needed), parent, Figures.bytes(free)),
            null);
      }
    } catch (IOException e) {
      throw noDirectory(parent, e);
    }
  }

  private static Path newDirectory(Path parent) {
    try {
      return Files.createTempDirectory(parent, "coppice-bench-");
    } catch (IOException e) {
      throw noDirectory(parent, e);
    }
  }

  private static UserError noDirectory(Path parent, IOException cause) {
    return UserError.badInput(
        "--dir " + parent + " is no directory that can be written into.", cause);
  }

  private static void delete(Path directory) {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      throw UserError.failed(directory + " cannot be deleted: " + e.getMessage(), e);
    }
  }

  private void say(String line) {
    progress.println(line);
    progress.flush();
  }
}
