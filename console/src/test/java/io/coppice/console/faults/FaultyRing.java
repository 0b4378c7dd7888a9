package io.coppice.console.faults;

import static org.assertj.core.api.Assertions.assertThat;

import io.coppice.aggregator.AggregatorConfig;
import io.coppice.audit.RunVerifier;
import io.coppice.audit.Verification;
import io.coppice.console.SmallMnist;
import io.coppice.embedded.EmbeddedRegistry;
import io.coppice.replay.KafkaEvidence;
import io.coppice.replay.RunDefinition;
import io.coppice.replay.Runs;
import io.coppice.schemas.ClusterConfig;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.Topic;
import io.coppice.schemas.TopicCatalogue;
import io.coppice.schemas.TopicCatalogue.Sizing;
import io.coppice.schemas.TrainingRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The whole ring in processes of their own: brokers, aggregators, pruning services and agents, each of which may be killed, frozen,
 * cut off or started again while a run goes on. Only the schema registry lives in the test's process.
 */
final class FaultyRing implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(FaultyRing.class);

  static final int SHARD_PARTITIONS = 4;
  static final int RUN_PARTITIONS = 2;

  /** The line of the agent that something is done to. */
  static final String VICTIM = "VICTIM";

  /** The line of the pruning services. */
  static final String PRUNING = "PRUNING";

  private static final Duration PATIENCE = Duration.ofMinutes(5);
  private static final int TRAINING_IMAGES = 300;
  private static final int TEST_IMAGES = 20;

  private static final int AGENTS = 3;

  /** Of the data: for the agents that are there all the time, and for two more. */
  private static final int SHARES = 5;

  private final Path directory;
  private final Brokers brokers;
  private final Path data;
  private final List<JavaProcess> aggregators = new ArrayList<>();
  private final List<JavaProcess> pruning = new ArrayList<>();
  private final List<JavaProcess> agents = new ArrayList<>();
  private final List<JavaProcess> guests = new ArrayList<>();
  private final List<JavaProcess> all = new ArrayList<>();
  private final Map<String, LogCopy> logs = new TreeMap<>();
  private final Set<String> unfinished = new TreeSet<>();
  private Admin admin;
  private ClusterConfig cluster;
  private LogSerdes serdes;
  private EmbeddedRegistry registry;

  /**
   * Starts a ring with three agents, who go on with every run that comes, and waits until the work is shared among its services.
   *
   * @param brokerCount 1 to 3
   */
  FaultyRing(Path directory, int brokerCount, int aggregatorCount, int pruningCount)
      throws Exception {
    this.directory = directory;
    this.data =
        SmallMnist.write(directory.resolve("data"), TRAINING_IMAGES, TEST_IMAGES).toAbsolutePath();
    this.brokers = new Brokers(directory, new FreePorts(), brokerCount, List.of(VICTIM, PRUNING));
    all.addAll(brokers.processes());
    try {
      this.admin = Admin.create(Map.of("bootstrap.servers", brokers.bootstrap()));
      createTopics();
      this.registry = EmbeddedRegistry.start(brokers.bootstrap(), 0);
      this.cluster = new ClusterConfig(brokers.bootstrap(), registry.url());
      this.serdes = new LogSerdes(cluster.newRegistry());
      for (int i = 1; i <= aggregatorCount; i++) {
        aggregators.add(start(aggregator(i)));
      }
      for (int i = 1; i <= pruningCount; i++) {
        pruning.add(start(pruning(i)));
      }
      for (int i = 0; i < AGENTS; i++) {
        String at = i == AGENTS - 1 ? brokers.bootstrap(VICTIM) : brokers.bootstrap();
        agents.add(start(agent(i, at, List.of())));
      }
      awaitAggregators(names(aggregators));
      awaitPruning(names(pruning));
    } catch (Exception | Error e) {
      System.err.println(lastWords());
      close();
      throw e;
    }
  }

  private void createTopics() throws Exception {
    await("all brokers are there", () -> brokersInStep() == brokers.count());
    new TopicCatalogue(ClusterConfig.DEFAULT_TOPIC_PREFIX)
        .ensure(admin, new Sizing(SHARD_PARTITIONS, RUN_PARTITIONS, Optional.empty()));
    // The registry in the test's process would make it with one replica.
    admin
        .createTopics(
            List.of(
                new NewTopic("_schemas", Optional.of(1), Optional.empty())
                    .configs(Map.of("cleanup.policy", "compact"))))
        .all()
        .get();
  }

  private JavaProcess aggregator(int number) {
    String name = "aggregator-" + number;
    return new JavaProcess(
        name,
        directory,
        io.coppice.aggregator.Main.class,
        160,
        List.of(),
        List.of(
            "--bootstrap",
            brokers.bootstrap(),
            "--registry",
            registry.url(),
            "--state-dir",
            directory.resolve(name).toString(),
            "--commit-interval",
            "30",
            "--tick-interval",
            "200",
            "--http-port",
            "0",
            "--command-config",
            clientProperties(name, "transaction.timeout.ms", "8000").toString()));
  }

  private JavaProcess pruning(int number) {
    String name = "pruning-" + number;
    List<String> settings =
        settings(brokers.bootstrap(PRUNING), clientProperties(name, "request.timeout.ms", "5000"));
    return new JavaProcess(
        name, directory, io.coppice.pruning.Application.class, 160, settings, List.of());
  }

  /** How soon the others notice that somebody is gone. */
  private Path clientProperties(String name, String... more) {
    List<String> lines =
        new ArrayList<>(
            List.of("client.id=" + name, "session.timeout.ms=5000", "heartbeat.interval.ms=500"));
    for (int i = 0; i < more.length; i += 2) {
      lines.add(more[i] + "=" + more[i + 1]);
    }
    try {
      return Files.write(directory.resolve(name + "-client.properties"), lines);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private List<String> settings(String bootstrap, Path clientProperties) {
    return List.of(
        "-Dcoppice.cluster.bootstrap-servers=" + bootstrap,
        "-Dcoppice.cluster.registry-url=" + registry.url(),
        "-Dcoppice.cluster.client-config=" + clientProperties,
        "-Dcoppice.http-port=-1",
        "-Dlogback.configurationFile=logback.xml");
  }

  private JavaProcess start(JavaProcess process) {
    all.add(process);
    return process.start();
  }

  /** Takes a run up; the agents go on with it. */
  RunDefinition define(TrainingRun run) throws InterruptedException {
    unfinished.add(run.getRunId());
    return Runs.define(cluster, serdes, run);
  }

  /**
   * Starts one more agent, for one run only.
   *
   * @param number which share of the data it has: 3 or 4
   * @param jvmArgument what its JVM is given beside what all are
   */
  void startGuest(RunDefinition run, int number, String jvmArgument) {
    guests.add(
        start(
            agent(
                number,
                brokers.bootstrap(),
                List.of("-Dcoppice.agent.run=" + run.id(), jvmArgument))));
  }

  /** An agent; its number says which share of the data it has. */
  private JavaProcess agent(int number, String bootstrap, List<String> more) {
    String name = "agent-" + number;
    List<String> arguments = new ArrayList<>(settings(bootstrap, clientProperties(name)));
    arguments.addAll(
        List.of(
            "-Dcoppice.agent.id=" + name,
            "-Dcoppice.agent.data=" + data,
            "-Dcoppice.agent.partition=iid",
            "-Dcoppice.agent.partition-index=" + number,
            "-Dcoppice.agent.partition-count=" + SHARES,
            "-Dcoppice.agent.kernels=dense",
            "-Dcoppice.agent.key-file=" + directory.resolve(name + ".pem")));
    arguments.addAll(more);
    return new JavaProcess(
        name, directory, io.coppice.agent.Application.class, 128, arguments, List.of());
  }

  ClusterConfig cluster() {
    return cluster;
  }

  LogSerdes serdes() {
    return serdes;
  }

  Brokers brokers() {
    return brokers;
  }

  List<JavaProcess> aggregators() {
    return aggregators;
  }

  List<JavaProcess> pruning() {
    return pruning;
  }

  /** The agents that are there all the time; the last is the victim, which reaches the brokers through its own line. */
  List<JavaProcess> agents() {
    return agents;
  }

  JavaProcess victim() {
    return agents.getLast();
  }

  /** What is committed of a run; reading on is up to the caller, or to {@link #await(RunDefinition, String, Predicate)}. */
  LogCopy log(RunDefinition run) {
    return logs.computeIfAbsent(run.id(), id -> new LogCopy(cluster, serdes, id, "read_committed"));
  }

  /** A copy of everything that was written for a run, committed or not; the caller's to close. */
  LogCopy uncommitted(RunDefinition run) {
    return new LogCopy(cluster, serdes, run.id(), "read_uncommitted");
  }

  /** The aggregator that coordinates a run. */
  JavaProcess coordinatorOf(RunDefinition run) {
    return named(
        aggregators,
        ownerOf(
            AggregatorConfig.applicationId(cluster.topicPrefix()),
            new TopicPartition(
                cluster.name(Topic.SUBMISSIONS), LogKeys.runPartition(run.id(), RUN_PARTITIONS))));
  }

  /** The broker that leads the partition of a run's ledger. */
  int leaderOf(RunDefinition run) {
    String topic = cluster.name(Topic.ROUNDS);
    try {
      return admin
          .describeTopics(List.of(topic))
          .allTopicNames()
          .get()
          .get(topic)
          .partitions()
          .get(LogKeys.runPartition(run.id(), RUN_PARTITIONS))
          .leader()
          .id();
    } catch (InterruptedException | ExecutionException e) {
      throw new AssertionError(e);
    }
  }

  /** The pruning service that looks after a run. */
  JavaProcess keeperOf(RunDefinition run) {
    return named(
        pruning,
        ownerOf(
            cluster.topicPrefix() + "pruning-service",
            new TopicPartition(
                cluster.name(Topic.RUNS), LogKeys.runPartition(run.id(), RUN_PARTITIONS))));
  }

  private static JavaProcess named(List<JavaProcess> processes, String clientId) {
    return processes.stream()
        .filter(p -> clientId.startsWith(p.name()))
        .findFirst()
        .orElseThrow(() -> new AssertionError("nobody is named " + clientId));
  }

  private String ownerOf(String group, TopicPartition partition) {
    return describe(group).stream()
        .flatMap(found -> found.members().stream())
        .filter(m -> m.assignment().topicPartitions().contains(partition))
        .findFirst()
        .orElseThrow(() -> new AssertionError("nobody has " + partition))
        .clientId();
  }

  /** Empty where there is no such group yet, or its broker cannot say now. */
  private Optional<ConsumerGroupDescription> describe(String group) {
    try {
      return Optional.of(admin.describeConsumerGroups(List.of(group)).all().get().get(group));
    } catch (ExecutionException e) {
      return Optional.empty();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static Set<String> names(List<JavaProcess> processes) {
    Set<String> names = new TreeSet<>();
    processes.forEach(p -> names.add(p.name()));
    return names;
  }

  /** Waits until the work of aggregating is shared by these instances and nobody else. */
  void awaitAggregators(Set<String> instances) throws InterruptedException {
    awaitGroup(AggregatorConfig.applicationId(cluster.topicPrefix()), instances);
  }

  /** Waits until the runs are shared by these pruning services and nobody else. */
  void awaitPruning(Set<String> instances) throws InterruptedException {
    awaitGroup(cluster.topicPrefix() + "pruning-service", instances);
  }

  /** Waits until all are there, and have their share. */
  void awaitEverybody() throws InterruptedException {
    awaitBrokersInStep();
    awaitAggregators(names(aggregators));
    awaitPruning(names(pruning));
  }

  private void awaitGroup(String group, Set<String> instances) throws InterruptedException {
    await(
        "the group " + group + " consists of " + instances,
        () -> describe(group).filter(found -> isSharedBy(found, instances)).isPresent());
  }

  private static boolean isSharedBy(ConsumerGroupDescription group, Set<String> instances) {
    return group.groupState() == GroupState.STABLE
        && group.members().size() == instances.size()
        && instances.stream()
            .allMatch(
                name ->
                    group.members().stream()
                        .filter(member -> member.clientId().startsWith(name))
                        .anyMatch(member -> !member.assignment().topicPartitions().isEmpty()));
  }

  /** Waits until every partition has all its replicas in step. */
  void awaitBrokersInStep() throws InterruptedException {
    await("all replicas are in step", () -> brokersInStep() == brokers.count());
  }

  /** The smallest number of brokers that are in step for any partition; that of the brokers where there is no topic yet. */
  private int brokersInStep() {
    try {
      int least = admin.describeCluster().nodes().get().size();
      Set<String> topics = admin.listTopics().names().get();
      for (var topic : admin.describeTopics(topics).allTopicNames().get().values()) {
        for (var partition : topic.partitions()) {
          least = Math.min(least, partition.isr().size());
        }
      }
      return least;
    } catch (Exception e) {
      return 0;
    }
  }

  /** Waits until the committed log of a run has what is looked for. */
  LogCopy await(RunDefinition run, String what, Predicate<LogCopy> found)
      throws InterruptedException {
    LogCopy log = log(run);
    await(
        what,
        () -> {
          log.readOn();
          return found.test(log);
        });
    return log;
  }

  void await(String what, BooleanSupplier condition) throws InterruptedException {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > end) {
        throw new AssertionError(
            "waited %d s in vain for %s; last was said:%n%s"
                .formatted(
                    PATIENCE.toSeconds(),
                    what,
                    all.stream().map(JavaProcess::lastLine).collect(Collectors.joining("\n"))));
      }
      Thread.sleep(20);
    }
  }

  /**
   * Waits until a run has reached its last round, and checks what is in the log: the auditor finds nothing, and a recount comes to
   * the same.
   */
  LogCopy finish(RunDefinition run) throws InterruptedException {
    LogCopy log = await(run, "the end of the run", l -> l.isComplete(run.lastRound()));
    // From here on nobody submits anything.
    endGuests();
    for (JavaProcess agent : agents) {
      String done = "agent " + agent.name() + " has done with run " + run.id() + " ";
      await("end of the run at " + agent.name(), () -> agent.hasSaid(done));
    }
    await(run, "a verdict on every submission", l -> Recount.withoutVerdict(l).isEmpty());
    Recount.holdsFor(log, run);
    try (KafkaEvidence evidence = new KafkaEvidence(cluster, serdes)) {
      Verification verification =
          new RunVerifier(evidence, run, RunVerifier.Options.all(), verdict -> {}).verify();
      assertThat(verification.violation()).isEmpty();
      assertThat(verification.pending()).isEmpty();
      assertThat(verification.finished()).isTrue();
      assertThat(verification.lastRound()).isEqualTo(run.lastRound());
      assertThat(verification.withoutVerdict()).isZero();
    }
    LOG.info(
        "run {}: {} rounds, between two of them {} s at most",
        run.id(),
        log.closed().size(),
        log.longestStandstill().toMillis() / 1e3);
    unfinished.remove(run.id());
    return log;
  }

  private void endGuests() {
    guests.forEach(JavaProcess::close);
    guests.clear();
  }

  /** All processes that are there all the time. */
  List<JavaProcess> everything() {
    return Stream.of(brokers.processes(), aggregators, pruning, agents)
        .flatMap(List::stream)
        .toList();
  }

  /** Ends what a test has left running, and makes whole what it has broken. */
  void recover() throws InterruptedException {
    endGuests();
    logs.values().forEach(LogCopy::close);
    logs.clear();
    if (!unfinished.isEmpty()) {
      // Left by a test that has failed; agents that begin anew take up the newest run.
      unfinished.clear();
      agents.forEach(JavaProcess::kill);
    }
    brokers.line(VICTIM).mend();
    brokers.line(PRUNING).mend();
    for (JavaProcess process : everything()) {
      if (!process.isAlive()) {
        process.start();
      }
    }
    awaitEverybody();
  }

  /** What the processes have said last. */
  String lastWords() {
    StringBuilder words = new StringBuilder();
    all.forEach(process -> words.append(process.lastWords()).append('\n'));
    return words.toString();
  }

  @Override
  public void close() throws IOException {
    logs.values().forEach(LogCopy::close);
    all.forEach(JavaProcess::close);
    if (admin != null) {
      admin.close(Duration.ZERO);
    }
    if (registry != null) {
      registry.close();
    }
    brokers.close();
  }
}
