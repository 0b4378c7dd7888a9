package io.coppice.console;

import io.coppice.console.LogOption.OpenLog;
import io.coppice.console.tail.FoundRecord;
import io.coppice.console.tail.JsonFormat;
import io.coppice.console.tail.LogTail;
import io.coppice.console.tail.RecordDecoder;
import io.coppice.console.tail.RecordFormat;
import io.coppice.console.tail.RoundRange;
import io.coppice.console.tail.Selection;
import io.coppice.console.tail.TextFormat;
import io.coppice.replay.LogReader;
import io.coppice.replay.LogReader.Entry;
import io.coppice.schemas.ClusterConfig;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.Topic;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code coppice tail}: the records of the log, decoded. */
@Command(
    name = "tail",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    header = "Print the records of the log, one readable line each.",
    description = {
      "",
      "Topics: runs, agents, updates, submissions, rounds (the ledger), aggregates, importance, masks, checkpoints, metrics,"
          + " rejects; and the aggregator's own: internal.checks, internal.closes, internal.digests, internal.ticks, which are kept for a day.",
      "",
      "What there is comes in the order in which the broker appended it, across topics and partitions; what comes while it is followed"
          + " does so as far as it is read together. Within a partition the order of offsets holds always. Only committed records"
          + " are shown. Times are the broker's, in UTC; digests are shortened to 8 digits, a public key stands by its SHA-256.",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  coppice tail rounds masks --dir DIR",
      "  coppice tail --dir DIR --round 10-12 --agent agent-3   what an agent did",
      "  coppice tail updates --dir DIR --json | jq .value.values",
      "  coppice tail rounds metrics --follow --bootstrap HOST:PORT --registry URL"
    })
final class TailCommand implements Callable<Integer> {

  private static final Duration POLL = Duration.ofMillis(200);

  @Parameters(
      arity = "0..*",
      paramLabel = "TOPIC",
      description = "Topics, without their prefix. Default: all but the internal ones.")
  private List<String> topicNames = List.of();

  @ArgGroup(exclusive = true)
  private LogOption.Either log = new LogOption.Either();

  @Option(names = "--run", paramLabel = "RUN", description = "Only records of this run.")
  private String run;

  @Option(
      names = "--round",
      paramLabel = "ROUNDS",
      description =
          "Only records of this round, or of a range such as 10-12; -1 is initial pruning. A mask belongs to the first round that is"
              + " trained under it, a checkpoint to the one that starts from it; what belongs to no round (definitions, agents, the"
              + " end of a run) is shown in any case.")
  private String round;

  @Option(
      names = "--agent",
      paramLabel = "AGENT",
      description =
          "Only records that name this agent: as sender, as asked in a round, among the contributors of a round or an aggregate, as"
              + " evaluator. Records that cannot be decoded are shown whatever --round and --agent say.")
  private String agent;

  @Option(names = "--follow", description = "Only what is appended from now on, until Ctrl-C.")
  private boolean follow;

  @Option(
      names = "--from-beginning",
      description = "With --follow: what is already there first. Without, that is so anyway.")
  private boolean fromBeginning;

  @Option(names = "--limit", paramLabel = "N", description = "End after N records.")
  private Long limit;

  @Option(
      names = "--json",
      description =
          "A JSON object a line: every field by its name in the schema, whole digests, the figures of tensors.")
  private boolean json;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    Collection<Topic> topics = topics();
    Selection selection =
        new Selection(
            Optional.ofNullable(run),
            Optional.ofNullable(round).map(RoundRange::parse),
            Optional.ofNullable(agent));
    if (limit != null && limit < 1) {
      throw UserError.badInput("--limit is at least 1, not " + limit + ".");
    }
    try (StopSignal stop = new StopSignal();
        OpenLog open = log.open();
        LogReader reader = new LogReader(open.cluster())) {
      requireTopics(reader, open.cluster(), topics);
      LogTail tail =
          follow && !fromBeginning
              ? LogTail.fromNow(reader, topics)
              : LogTail.fromBeginning(reader, topics);
      RecordFormat format = json ? new JsonFormat() : new TextFormat(topics, isTerminal());
      print(tail, newDecoder(open.cluster()), selection, format, stop);
    }
    return 0;
  }

  private Collection<Topic> topics() {
    if (topicNames.isEmpty()) {
      return Arrays.stream(Topic.values()).filter(topic -> !topic.isInternal()).toList();
    }
    Collection<Topic> topics = new TreeSet<>();
    for (String name : topicNames) {
      topics.add(Topic.bySuffix(name).orElseThrow(() -> unknown(name)));
    }
    return topics;
  }

  private static UserError unknown(String name) {
    return UserError.badInput(
        "There is no topic '"
            + name
            + "': known are "
            + Arrays.stream(Topic.values()).map(Topic::suffix).collect(Collectors.joining(", "))
            + ".");
  }

  /** A log of an older release may lack a topic; that is told to whoever asks for it. */
  private void requireTopics(LogReader reader, ClusterConfig cluster, Collection<Topic> topics) {
    for (Topic topic : topics) {
      if (!topicNames.isEmpty() && reader.partitions(topic) == 0) {
        throw UserError.failed("The log has no topic " + cluster.name(topic) + ".", null);
      }
    }
  }

  private static RecordDecoder newDecoder(ClusterConfig cluster) {
    return new RecordDecoder(new LogSerdes(cluster.newRegistry()), cluster.topicPrefix());
  }

  /** Prints until the end, a signal, the last record that is wanted, or a reader that has gone, as of {@code | head}. */
  private void print(
      LogTail tail,
      RecordDecoder decoder,
      Selection selection,
      RecordFormat format,
      StopSignal stop) {
    PrintWriter out = spec.commandLine().getOut();
    long left = limit == null ? Long.MAX_VALUE : limit;
    while ((follow || !tail.hasCaughtUp()) && !stop.isGiven() && !hasGone(out)) {
      for (Entry entry : tail.poll(POLL)) {
        if (!selection.isOfRun(entry)) {
          continue;
        }
        FoundRecord found = decoder.decode(entry);
        if (selection.contains(found)) {
          out.println(format.line(found));
          if (--left == 0) {
            out.flush();
            return;
          }
        }
      }
    }
  }

  private static boolean isTerminal() {
    return System.console() != null && System.console().isTerminal();
  }

  /** Flushes, which is when a closed pipe shows; the writer in between may have swallowed it. */
  private static boolean hasGone(PrintWriter out) {
    return out.checkError() || System.out.checkError();
  }
}
