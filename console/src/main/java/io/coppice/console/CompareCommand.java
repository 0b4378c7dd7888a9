package io.coppice.console;

import io.coppice.console.compare.Comparison;
import io.coppice.console.compare.ComparisonCluster;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code coppice compare}: several policies on the same data, in one report. */
@Command(
    name = "compare",
    mixinStandardHelpOptions = true,
    showDefaultValues = true,
    sortOptions = false,
    header = "Train with several pruning policies on the same data, and show them on one plot.",
    description = {
      "",
      "Runs every policy with the same data, seed and agents over the same log, one after another, and writes a report that can be"
          + " opened in a browser, its pictures as PNG, its figures as CSV, and a table of the time, rounds and bytes to given"
          + " accuracies. Interrupted or killed, the same command goes on where it was; policies may be added later.",
      "",
      "Policies that are given a density (iterative, snip, fedtiny, fedrts) take that of the finished prunefl run unless --density"
          + " says otherwise; reinit and random-reinit take its mask.",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  coppice compare --out comparison",
      "  coppice compare --policies none,prunefl,reinit,random-reinit --rounds 200 --out lottery",
      "  coppice compare --policies snip,fedtiny,fedrts --density 0.1 --agents 50 --participants 10 --out budget",
      "  coppice compare --policies none,prunefl --gradient-norm --out convergence"
    })
final class CompareCommand implements Callable<Integer> {

  @Option(
      names = "--policies",
      paramLabel = "NAME",
      split = ",",
      defaultValue = "none,prunefl,snip,iterative,online",
      description = "The policies, separated by commas; 'coppice policies' lists what there is.")
  private List<String> policies;

  @Option(
      names = "--rounds",
      paramLabel = "N",
      defaultValue = "300",
      description = "Number of rounds of every run.")
  private int rounds;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      required = true,
      description = "Where report, figures and log are kept, and found again.")
  private Path out;

  @Option(
      names = "--accuracies",
      paramLabel = "X",
      split = ",",
      showDefaultValue = Visibility.NEVER,
      description =
          "Accuracies whose time, rounds and bytes the table gives, separated by commas. Default: chosen by what was reached.")
  private List<Double> accuracies = List.of();

  @Option(
      names = "--source",
      paramLabel = "RUN",
      showDefaultValue = Visibility.NEVER,
      description =
          "A finished run of the same log whose density or mask is taken over. Default: the prunefl run of this comparison.")
  private String source;

  @Option(
      names = "--gradient-norm",
      description =
          "Also compute the squared norm of the masked gradient of every round, by replaying the log.")
  private boolean gradientNorm;

  @Option(
      names = "--gradient-samples",
      paramLabel = "N",
      defaultValue = "100",
      description = "Training samples of each agent that the gradient is computed over.")
  private int gradientSamples;

  @Mixin private RunOptions options;

  @ArgGroup(
      exclusive = false,
      heading =
          "%nOn a cluster (aggregator, pruning service and agents run here, all policies side by side):%n",
      order = 40)
  private Cluster cluster;

  @Spec private CommandSpec spec;

  static final class Cluster {
    @Option(
        names = "--bootstrap",
        paramLabel = "HOST:PORT",
        required = true,
        description = "Kafka brokers of a running cluster.")
    String bootstrap;

    @Option(
        names = "--registry",
        paramLabel = "URL",
        required = true,
        description = "Its schema registry.")
    String registry;

    @Option(
        names = "--topic-prefix",
        paramLabel = "TEXT",
        defaultValue = "coppice-compare.",
        description = "What the names of the comparison's topics begin with.")
    String topicPrefix;
  }

  @Override
  public Integer call() throws Exception {
    new Comparison(
            new Comparison.Config(
                policies,
                options.settings("prunefl", rounds),
                out,
                accuracies,
                Optional.ofNullable(source),
                gradientNorm ? OptionalInt.of(gradientSamples) : OptionalInt.empty(),
                Optional.ofNullable(cluster)
                    .map(c -> new ComparisonCluster(c.bootstrap, c.registry, c.topicPrefix))),
            spec.commandLine().getOut(),
            LogFile::open)
        .run();
    return 0;
  }
}
