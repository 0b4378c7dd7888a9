package io.coppice.console.bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.coppice.console.CoppiceHome;
import io.coppice.console.progress.Figures;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.IntConsumer;

/** {@code coppice bench train} behind its options: times the networks one after another and prints each as it is done. */
public final class TrainBenchmark {

  private static final Duration WARM_UP = Duration.ofSeconds(1);
  private static final long PROGRESS_NANOS = Duration.ofSeconds(5).toNanos();

  private final BenchSettings settings;
  private final PrintWriter out;
  private final PrintWriter progress;

  /**
   * @param out takes the tables
   * @param progress takes a line now and then
   */
  public TrainBenchmark(BenchSettings settings, PrintWriter out, PrintWriter progress) {
    this.settings = settings;
    this.out = out;
    this.progress = progress;
  }

  /**
   * Measures and prints.
   *
   * @return the figures as JSON
   * @throws io.coppice.console.UserError if there is a peer and it fails
   */
  public ObjectNode run() {
    try (PyTorchPeer peer = settings.peer().map(PyTorchPeer::start).orElse(null)) {
      Optional<PyTorchPeer> process = Optional.ofNullable(peer);
      process.ifPresent(p -> BenchTable.printPeer(out, p.environment()));
      NetworkBenchmark benchmark =
          new NetworkBenchmark(
              Variant.ALL, settings, new StepBenchmark(WARM_UP, settings.repeats()));
      BenchTable table = new BenchTable(out, settings);
      List<NetworkFigures> networks = new ArrayList<>();
      for (String network : settings.networks()) {
        say(network + ": training a little and warming up");
        BenchModel model = BenchModel.of(network, CoppiceHome.resolve("data", "mnist"));
        networks.add(benchmark.run(model, process, progressOf(network)));
        table.print(networks.getLast());
      }
      table.printLegend();
      return BenchReport.of(settings, process.map(PyTorchPeer::environment), networks);
    }
  }

  /** A line every few seconds, and one at the end. */
  private IntConsumer progressOf(String network) {
    return new IntConsumer() {

      private long start;
      private long said;

      @Override
      public void accept(int done) {
        long now = System.nanoTime();
        if (done == 0) {
          start = now;
          said = now;
        } else if (now - said > PROGRESS_NANOS || done == settings.repeats()) {
          said = now;
          double left = (now - start) / 1e9 / done * (settings.repeats() - done);
          say(
              String.format(
                  "%s: %d of %d repetitions, %s left",
                  network, done, settings.repeats(), Figures.clock(left)));
        }
      }
    };
  }

  private void say(String line) {
    progress.println(line);
    progress.flush();
  }
}
