package io.coppice.console;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.coppice.console.bench.aggregation.AggregateBenchmark;
import io.coppice.console.bench.aggregation.AggregateSettings;
import io.coppice.schemas.TensorEncoding;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code coppice bench aggregate}: how fast aggregators aggregate. */
@Command(
    name = "aggregate",
    mixinStandardHelpOptions = true,
    showDefaultValues = true,
    sortOptions = false,
    header = "Time the aggregation of updates by one aggregator instance and by several.",
    description = {
      "",
      "Synthetic agents, which do not train, submit signed updates of a given size round after round. The aggregator's instances are"
          + " processes of their own. In every other round all updates become visible at one moment, so that the aggregator has"
          + " the machine for itself; in the others it works while the agents write. All cases take turns in one run, so that their"
          + " ratios hold even on a machine that is not quiet. Every first shard of an aggregate is compared with the mean.",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  coppice bench aggregate                                       10 agents, 26 MB each, by 1, 2 and 4 instances",
      "  coppice bench aggregate --instances 1,2 --threads 1,2",
      "  coppice bench aggregate --agents 10,100,1000 --density 0.1 --instances 1 --warm-up 1",
      "  coppice bench aggregate --instances 1 --at-least-once         what exactly-once costs",
      "  coppice bench aggregate --peer python3 --report aggregate.json    beside NumPy",
      "  coppice bench aggregate --bootstrap broker:9092 --registry http://registry:8081"
    })
final class BenchAggregateCommand implements Callable<Integer> {

  @Option(
      names = "--agents",
      paramLabel = "N",
      split = ",",
      defaultValue = "10",
      description = "Synthetic agents, 1 to 1000; several numbers: one case each.")
  private List<Integer> agents;

  @Option(
      names = "--instances",
      paramLabel = "N",
      split = ",",
      defaultValue = "1,2,4",
      description = "Aggregator instances; several numbers: one case each.")
  private List<Integer> instances;

  @Option(
      names = "--threads",
      paramLabel = "N",
      split = ",",
      defaultValue = "1",
      description = "Stream threads of an instance; several numbers: one case each.")
  private List<Integer> threads;

  @Option(
      names = "--model",
      paramLabel = "NAME",
      defaultValue = "conv2",
      description = "Network whose parameters are updated.")
  private String model;

  @Option(
      names = "--density",
      paramLabel = "X",
      defaultValue = "1",
      description = "Active weights / weights, in every layer; above 0 and at most 1.")
  private double density;

  @Option(
      names = "--encoding",
      paramLabel = "NAME",
      defaultValue = "float32",
      description = "How updates and aggregates travel: ${COMPLETION-CANDIDATES}.")
  private Tensors encoding;

  @Option(
      names = "--rounds",
      paramLabel = "N",
      defaultValue = "5",
      description = "Rounds of each of the two kinds that are measured.")
  private int rounds;

  @Option(
      names = "--warm-up",
      paramLabel = "N",
      defaultValue = "5",
      description = "Rounds of each kind before them that are not: Java compiles meanwhile.")
  private int warmUp;

  @Option(
      names = "--heap",
      paramLabel = "MiB",
      defaultValue = "1024",
      description = "Heap of an instance.")
  private int heap;

  @Option(
      names = "--launcher",
      paramLabel = "COMMAND",
      split = " ",
      defaultValue = "",
      showDefaultValue = Visibility.NEVER,
      description =
          "Program, with arguments behind spaces, that starts each instance and becomes it, such as 'taskset -c 1' or"
              + " 'benchmarks/with-processors 0.5'. Default: none.")
  private List<String> launcher;

  @Option(
      names = "--at-least-once",
      description =
          "Measure every case without exactly-once processing, too, to see what that costs.")
  private boolean guarantees;

  @Option(
      names = "--peer",
      paramLabel = "PYTHON",
      showDefaultValue = Visibility.NEVER,
      description =
          "A Python with NumPy: the same updates are averaged in its memory, in turns with ours. Default: none.")
  private String peer;

  @Option(
      names = "--dir",
      paramLabel = "DIR",
      defaultValue = "${sys:java.io.tmpdir}",
      description =
          "Where the embedded broker's log and the state of the instances lie for as long as it takes.")
  private Path dir;

  @Option(
      names = "--report",
      paramLabel = "FILE.json",
      description = "Write the figures as one JSON document.")
  private Path report;

  @ArgGroup(
      exclusive = false,
      heading =
          "%nInstead of the embedded broker, in topics of its own, PREFIXbench-..., that are deleted in the end (the registry keeps"
              + " their subjects):%n")
  private LogOption.Cluster cluster;

  @Spec private CommandSpec spec;

  /** Encodings by the names that users give them. */
  enum Tensors {
    float32(TensorEncoding.FLOAT32),
    bfloat16(TensorEncoding.BFLOAT16);

    private final TensorEncoding encoding;

    Tensors(TensorEncoding encoding) {
      this.encoding = encoding;
    }
  }

  @Override
  public Integer call() throws InterruptedException {
    AggregateSettings settings =
        new AggregateSettings(
            model,
            density,
            encoding.encoding,
            agents,
            instances,
            threads,
            rounds,
            warmUp,
            heap,
            launcher.stream().filter(word -> !word.isEmpty()).toList(),
            guarantees,
            Optional.ofNullable(peer));
    if (report != null) {
      ReportFile.checkWritable(report);
    }
    AggregateBenchmark benchmark =
        new AggregateBenchmark(settings, spec.commandLine().getOut(), spec.commandLine().getErr());
    ObjectNode figures =
        cluster == null ? benchmark.embedded(dir) : benchmark.on(cluster.config(), dir);
    if (report != null) {
      ReportFile.write(report, figures);
    }
    return 0;
  }
}
