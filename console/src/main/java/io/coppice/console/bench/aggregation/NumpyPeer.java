package io.coppice.console.bench.aggregation;

import com.fasterxml.jackson.databind.JsonNode;
import io.coppice.console.CoppiceHome;
import io.coppice.console.UserError;
import io.coppice.console.bench.PeerProcess;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * The NumPy peer, {@code benchmarks/peers/numpy_average.py}: the weighted mean of the same updates in the memory of one process, as a
 * federated-learning server without a log computes it. It neither receives, checks, stores nor publishes anything.
 */
final class NumpyPeer implements AutoCloseable {

  /** A way in which the mean is computed. */
  enum Method {
    /** All updates weighted into new arrays, then summed: what Flower's servers did first. */
    AGGREGATE,
    /** Each update weighted into one sum: what they do since. */
    INPLACE;

    String title() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private final PeerProcess process;
  private final Path file;
  private final List<Integer> sizes;
  private final List<Double> aggregate = new ArrayList<>();
  private final List<Double> inplace = new ArrayList<>();

  private NumpyPeer(PeerProcess process, Path file, List<Integer> sizes) {
    this.process = process;
    this.file = file;
    this.sizes = sizes;
  }

  /**
   * Starts the peer on the numbers that the agents send.
   *
   * @param python a Python 3 with NumPy
   * @param sizes values of each tensor of an update
   * @param directory for the file by which it gets them
   * @throws UserError if it does not come up
   */
  static NumpyPeer start(
      String python, List<UpdatePayload> payloads, List<Integer> sizes, Path directory) {
    Path script = CoppiceHome.resolve("benchmarks", "peers", "numpy_average.py");
    PeerProcess process = PeerProcess.start("NumPy", python, script);
    try {
      return new NumpyPeer(process, write(payloads, directory.resolve("updates.f32")), sizes);
    } catch (IOException e) {
      process.close();
      throw UserError.failed("The updates cannot be written for the NumPy peer.", e);
    }
  }

  private static Path write(List<UpdatePayload> payloads, Path file) throws IOException {
    try (OutputStream out = Files.newOutputStream(file)) {
      for (UpdatePayload payload : payloads) {
        ByteBuffer bytes =
            ByteBuffer.allocate(payload.values().length * Float.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(payload.values());
        out.write(bytes.array());
      }
    }
    return file;
  }

  JsonNode environment() {
    return process.environment();
  }

  /** Averages the updates of so many agents once in each way. */
  void turn(int agents, boolean counts) {
    for (Method method : Method.values()) {
      double seconds =
          process.ask(
              String.format(
                  "%s %d %s %s",
                  method.title(),
                  agents,
                  sizes.stream().map(String::valueOf).collect(Collectors.joining(",")),
                  file),
              "seconds");
      if (counts) {
        of(method).add(seconds);
      }
    }
  }

  private List<Double> of(Method method) {
    return method == Method.AGGREGATE ? aggregate : inplace;
  }

  /** Median throughput of updates in FLOAT32. */
  double megabytesPerSecond(Method method, int agents) {
    double seconds =
        CaseFigures.median(of(method).stream().mapToDouble(Double::doubleValue).toArray());
    double bytes = (double) agents * Float.BYTES * sizes.stream().mapToInt(Integer::intValue).sum();
    return bytes / 1e6 / seconds;
  }

  @Override
  public void close() {
    process.close();
  }
}
