package io.coppice.console;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.coppice.console.LogOption.OpenLog;
import io.coppice.replay.LogReader;
import io.coppice.replay.LogReader.Entry;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.Topic;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code coppice tail}: the records of a topic, decoded. */
@Command(
    name = "tail",
    mixinStandardHelpOptions = true,
    header = "Print the records of a topic as JSON lines, tensors summarised.",
    description = {
      "",
      "Topics: runs, agents, updates, submissions, rounds (the ledger), aggregates, importance, masks, checkpoints, metrics, rejects.",
      ""
    })
final class TailCommand implements Callable<Integer> {

  private static final Duration POLL = Duration.ofMillis(200);
  private static final ObjectMapper JSON = new ObjectMapper();

  @Parameters(index = "0", paramLabel = "TOPIC", description = "A topic, without its prefix.")
  private String topicName;

  @ArgGroup(exclusive = true, multiplicity = "1")
  private LogOption.Either log;

  @Option(names = "--run", paramLabel = "RUN", description = "Only records of this run.")
  private String run;

  @Option(
      names = "--follow",
      description = "Go on with records that are still to come, until Ctrl-C.")
  private boolean follow;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    Topic topic =
        Topic.bySuffix(topicName)
            .orElseThrow(
                () ->
                    UserError.badInput(
                        "There is no topic '"
                            + topicName
                            + "': known are "
                            + Arrays.stream(Topic.values())
                                .map(Topic::suffix)
                                .collect(Collectors.joining(", "))
                            + "."));
    PrintWriter out = spec.commandLine().getOut();
    try (OpenLog open = log.open();
        LogReader reader = new LogReader(open.cluster())) {
      RecordPrinter printer = new RecordPrinter(new LogSerdes(open.cluster().newRegistry()));
      for (int p = 0; p < reader.partitions(topic); p++) {
        reader.followFromStart(topic, p);
      }
      while (follow || !reader.hasReachedEnd()) {
        for (Entry entry : reader.poll(POLL)) {
          if (isWanted(entry)) {
            print(printer, entry, out);
          }
        }
        out.flush();
      }
    }
    return 0;
  }

  private boolean isWanted(Entry entry) {
    return run == null
        || (entry.key() != null
            && Optional.of(entry.key().split("/")[0]).filter(run::equals).isPresent());
  }

  private static void print(RecordPrinter printer, Entry entry, PrintWriter out) {
    try {
      out.println(JSON.writeValueAsString(printer.toJson(entry)));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }
}
