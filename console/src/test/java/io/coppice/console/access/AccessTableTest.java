package io.coppice.console.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coppice.schemas.Topic;
import io.coppice.schemas.TopicCatalogue;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.DescribeTopicsOptions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclBindingFilter;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.errors.ClusterAuthorizationException;
import org.apache.kafka.common.errors.GroupAuthorizationException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.TransactionalIdAuthorizationException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The table that the containers use, tried on a broker: what each role may do, and what it may not. */
class AccessTableTest {

  private static final Path TABLE = Path.of("..", "docker", "acls.txt");
  private static final String PREFIX = "coppice.";
  private static final List<String> AGENTS = List.of("agent-00", "agent-01");
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  @TempDir private static Path directory;

  @TempDir private Path temporary;

  private static SecuredBroker broker;

  @BeforeAll
  static void startBroker() throws Exception {
    broker = SecuredBroker.start(directory.resolve("broker"));
    AccessTable table = AccessTable.read(TABLE);
    StringBuilder users = new StringBuilder("# name password\n");
    AGENTS.forEach(agent -> users.append(agent).append(" secret\n"));
    table.roles().forEach(role -> users.append(role).append("   secret\n"));
    Path file = Files.writeString(directory.resolve("users.txt"), users);
    try (Admin admin = Admin.create(broker.superUser())) {
      new TopicCatalogue(PREFIX).ensure(admin, new TopicCatalogue.Sizing(1, 1, Optional.empty()));
      admin.createTopics(List.of(new NewTopic("private", 1, (short) 1))).all().get();
      admin.alterUserScramCredentials(UsersFile.read(file)).all().get();
      admin.createAcls(table.bindings(AGENTS)).all().get();
      while (admin.describeAcls(AclBindingFilter.ANY).values().get().size()
          < Set.copyOf(table.bindings(AGENTS)).size()) {
        Thread.sleep(100);
      }
    }
    try (var producer =
        new KafkaProducer<>(
            broker.superUser(), new ByteArraySerializer(), new ByteArraySerializer())) {
      producer.send(new ProducerRecord<>("coppice.updates", new byte[1])).get();
      producer.send(new ProducerRecord<>("coppice.aggregates", new byte[1])).get();
      producer.send(new ProducerRecord<>("private", new byte[1])).get();
    }
  }

  @AfterAll
  static void stopBroker() {
    broker.close();
  }

  @ParameterizedTest
  @CsvSource({
    "agent-00, AGENTS UPDATES SUBMISSIONS METRICS",
    "aggregator, ROUNDS AGGREGATES IMPORTANCE REJECTS CHECKS CLOSES DIGESTS TICKS",
    "pruning, MASKS CHECKPOINTS METRICS",
    "operator, RUNS COMMANDS",
    "auditor, ''",
    "registry, ''",
  })
  void aRoleWritesItsOwnTopicsOnly(String role, String topics) throws Exception {
    assertThat(topicsWith(AclOperation.WRITE, role)).isEqualTo(topics(topics));
  }

  @ParameterizedTest
  @CsvSource({
    "agent-00, RUNS AGENTS SUBMISSIONS ROUNDS AGGREGATES MASKS CHECKPOINTS",
    "aggregator, RUNS COMMANDS AGENTS UPDATES SUBMISSIONS MASKS CHECKS CLOSES DIGESTS TICKS",
    "pruning, RUNS SUBMISSIONS ROUNDS AGGREGATES IMPORTANCE MASKS CHECKPOINTS METRICS",
    "registry, ''",
  })
  void aRoleReadsWhatItNeeds(String role, String topics) throws Exception {
    assertThat(topicsWith(AclOperation.READ, role)).isEqualTo(topics(topics));
  }

  @ParameterizedTest
  @CsvSource({"operator", "auditor"})
  void whoWatchesReadsEverything(String role) throws Exception {
    assertThat(topicsWith(AclOperation.READ, role)).isEqualTo(EnumSet.allOf(Topic.class));
  }

  @ParameterizedTest
  @CsvSource({"agent-00", "pruning", "auditor", "registry"})
  void nobodyElseCreatesDeletesOrAltersTopics(String role) throws Exception {
    for (AclOperation operation :
        List.of(
            AclOperation.CREATE,
            AclOperation.DELETE,
            AclOperation.ALTER,
            AclOperation.ALTER_CONFIGS)) {
      assertThat(topicsWith(operation, role)).isEmpty();
    }
    assertThatThrownBy(() -> create(role, "coppice.more"))
        .isInstanceOf(TopicAuthorizationException.class);
  }

  @Test
  void nobodyDeletesTheLog() throws Exception {
    for (String role : AccessTable.read(TABLE).roles()) {
      assertThat(topicsWith(AclOperation.DELETE, role)).as(role).isEmpty();
      assertThat(topicsWith(AclOperation.ALTER, role)).as(role).isEmpty();
    }
  }

  @Test
  void theAggregatorMakesItsChangelogsAndNoOtherTopics() throws Exception {
    create("aggregator", "coppice-aggregator-store-changelog");
    assertThatThrownBy(() -> create("aggregator", "another"))
        .isInstanceOf(TopicAuthorizationException.class);
  }

  @Test
  void anAgentSubmitsInItsOwnNameOnly() throws Exception {
    submit("agent-00", "coppice.agent.agent-00.run-1", "coppice.updates");
    assertThatThrownBy(() -> submit("agent-00", "coppice.agent.agent-01.run-1", "coppice.updates"))
        .isInstanceOf(TransactionalIdAuthorizationException.class);
    assertThatThrownBy(() -> submit("agent-00", "coppice.agent.agent-000.run-1", "coppice.updates"))
        .as("a name that begins like its own")
        .isInstanceOf(TransactionalIdAuthorizationException.class);
    assertThatThrownBy(() -> submit("agent-00", "coppice.pruning-run-1", "coppice.updates"))
        .isInstanceOf(TransactionalIdAuthorizationException.class);
    assertThatThrownBy(() -> submit("agent-00", "coppice.agent.agent-00.run-1", "coppice.rounds"))
        .isInstanceOf(TopicAuthorizationException.class);
  }

  @Test
  void theServicesHaveTheirTransactions() throws Exception {
    submit("pruning", "coppice.pruning-run-1", "coppice.masks");
    submit("pruning", "coppice.evaluator-run-1", "coppice.metrics");
    submit("aggregator", "coppice-aggregator-4711-1", "coppice.rounds");
    assertThatThrownBy(() -> submit("pruning", "coppice-aggregator-4711-1", "coppice.masks"))
        .isInstanceOf(TransactionalIdAuthorizationException.class);
    for (String service : List.of("pruning", "aggregator")) {
      assertThatThrownBy(() -> submit(service, "coppice.agent.agent-00.run-1", "coppice.metrics"))
          .as(service)
          .isInstanceOf(TransactionalIdAuthorizationException.class);
    }
  }

  @Test
  void anAgentDoesNotReadUpdates() {
    assertThatThrownBy(() -> read("agent-00", "coppice.updates"))
        .isInstanceOf(TopicAuthorizationException.class);
    read("agent-00", "coppice.aggregates");
  }

  @ParameterizedTest
  @CsvSource({"operator", "auditor", "aggregator", "pruning", "registry"})
  void nobodyReadsWhatOthersKeepInTheCluster(String role) {
    assertThatThrownBy(() -> read(role, "private")).isInstanceOf(TopicAuthorizationException.class);
  }

  @Test
  void aGroupIsItsServicesOwn() {
    joinGroup("aggregator", "coppice-aggregator");
    joinGroup("pruning", "coppice.pruning-service");
    assertThatThrownBy(() -> joinGroup("agent-00", "coppice-aggregator"))
        .isInstanceOf(GroupAuthorizationException.class);
    assertThatThrownBy(() -> joinGroup("pruning", "coppice-aggregator"))
        .isInstanceOf(GroupAuthorizationException.class);
    assertThatThrownBy(() -> joinGroup("aggregator", "coppice.pruning-service"))
        .isInstanceOf(GroupAuthorizationException.class);
    assertThatThrownBy(() -> joinGroup("registry", "coppice-aggregator", "kafkasql-journal"))
        .isInstanceOf(GroupAuthorizationException.class);
  }

  @Test
  void nobodyGivesHimselfRights() {
    for (String role : AccessTable.read(TABLE).roles()) {
      assertThatThrownBy(
              () -> {
                try (Admin admin = Admin.create(user(role))) {
                  rethrowing(admin.createAcls(AccessTable.read(TABLE).bindings(AGENTS)).all());
                }
              })
          .as(role)
          .isInstanceOf(ClusterAuthorizationException.class);
    }
  }

  @Test
  void whoMayNotCreateWaitsAndChecksWhatItMaySee() throws Exception {
    try (Admin admin = Admin.create(user("agent-01"))) {
      new TopicCatalogue(PREFIX).await(admin, Duration.ZERO);
      assertThatThrownBy(() -> new TopicCatalogue("coppice.agent").await(admin, Duration.ZERO))
          .isInstanceOf(TopicCatalogue.MismatchException.class);
    }
  }

  @Test
  void aLineComesToABindingForEachUserNameAndOperation() throws Exception {
    Path file =
        Files.writeString(
            temporary.resolve("acls.txt"),
            """
            # Agents
            {agent} read,alter-configs topic runs own.{agent}.*  # in their names
            boss    delete             group *
            """);
    AccessTable table = AccessTable.read(file);
    assertThat(table.roles()).containsExactly("boss");
    assertThat(table.bindings(List.of("a", "b")))
        .extracting(
            binding ->
                String.join(
                    " ",
                    binding.entry().principal(),
                    binding.entry().operation().name(),
                    binding.pattern().patternType().name(),
                    binding.pattern().resourceType().name(),
                    "'" + binding.pattern().name() + "'"))
        .containsExactly(
            "User:a READ LITERAL TOPIC 'runs'",
            "User:a ALTER_CONFIGS LITERAL TOPIC 'runs'",
            "User:a READ PREFIXED TOPIC 'own.a.'",
            "User:a ALTER_CONFIGS PREFIXED TOPIC 'own.a.'",
            "User:b READ LITERAL TOPIC 'runs'",
            "User:b ALTER_CONFIGS LITERAL TOPIC 'runs'",
            "User:b READ PREFIXED TOPIC 'own.b.'",
            "User:b ALTER_CONFIGS PREFIXED TOPIC 'own.b.'",
            "User:boss DELETE LITERAL GROUP '*'");
    assertThat(table.bindings(List.of("a")))
        .extracting(AclBinding::entry)
        .allMatch(entry -> entry.host().equals("*"))
        .allMatch(entry -> entry.permissionType() == AclPermissionType.ALLOW);
  }

  @Test
  void aLineThatIsNoneIsNamed() throws Exception {
    refuses(
        "agent reads topic coppice.runs",
        ":2: reads is no operation: there are alter, alter-configs, create, delete, describe, describe-configs, read,"
            + " write.");
    refuses(
        "agent read queue coppice.runs",
        ":2: queue is no type of resource: there are cluster, group, topic, transactional-id.");
    refuses(
        "agent read topic",
        ":2: a line has a role, operations, a type of resource, and names of resources.");
    assertThatThrownBy(() -> AccessTable.read(temporary.resolve("none")))
        .hasMessage("There is no file " + temporary.resolve("none") + ".");
  }

  private void refuses(String line, String sentence) throws Exception {
    Path file = Files.writeString(temporary.resolve("acls.txt"), "# roles\n" + line + "\n");
    assertThatThrownBy(() -> AccessTable.read(file))
        .isInstanceOf(UnreadableFileException.class)
        .hasMessage(file + sentence);
  }

  @Test
  void aUserHasOnePasswordOfOneWord() throws Exception {
    for (String line : List.of("agent-01", "agent-01 two words")) {
      Path file =
          Files.writeString(temporary.resolve("users.txt"), "agent-00 secret\n" + line + "\n");
      assertThatThrownBy(() -> UsersFile.read(file))
          .hasMessage(file + ":2: a line has the name of a user and a password.");
    }
  }

  private static Set<Topic> topics(String names) {
    Set<Topic> topics = EnumSet.noneOf(Topic.class);
    for (String name : names.split(" ")) {
      if (!name.isEmpty()) {
        topics.add(Topic.valueOf(name));
      }
    }
    return topics;
  }

  private static Map<String, Object> user(String name) {
    return broker.user(name, "secret");
  }

  /** The topics on which the broker says that a user may do something. */
  private static Set<Topic> topicsWith(AclOperation operation, String user) throws Exception {
    Set<Topic> topics = EnumSet.noneOf(Topic.class);
    try (Admin admin = Admin.create(user(user))) {
      for (Topic topic : Topic.values()) {
        try {
          var described =
              rethrowing(
                  admin
                      .describeTopics(
                          List.of(topic.name(PREFIX)),
                          new DescribeTopicsOptions().includeAuthorizedOperations(true))
                      .allTopicNames());
          if (described.get(topic.name(PREFIX)).authorizedOperations().contains(operation)) {
            topics.add(topic);
          }
        } catch (TopicAuthorizationException e) {
          // May not even see it.
        }
      }
    }
    return topics;
  }

  private static void create(String user, String topic) throws Exception {
    try (Admin admin = Admin.create(user(user))) {
      rethrowing(admin.createTopics(List.of(new NewTopic(topic, 1, (short) 1))).all());
    }
  }

  private static void submit(String user, String transactionalId, String topic) throws Exception {
    Map<String, Object> settings = user(user);
    settings.put("transactional.id", transactionalId);
    settings.put("max.block.ms", PATIENCE.toMillis());
    try (var producer =
        new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer())) {
      producer.initTransactions();
      producer.beginTransaction();
      var sent = producer.send(new ProducerRecord<>(topic, new byte[1]));
      producer.flush();
      sent.get();
      producer.abortTransaction();
    } catch (ExecutionException e) {
      throw (Exception) e.getCause();
    }
  }

  private static void read(String user, String topic) {
    Map<String, Object> settings = user(user);
    settings.put("auto.offset.reset", "earliest");
    try (var consumer =
        new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      TopicPartition partition = new TopicPartition(topic, 0);
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
      long end = System.nanoTime() + PATIENCE.toNanos();
      while (consumer.poll(Duration.ofMillis(200)).isEmpty()) {
        assertThat(System.nanoTime()).isLessThan(end);
      }
    }
  }

  private static void joinGroup(String user, String group) {
    joinGroup(user, group, "coppice.runs");
  }

  private static void joinGroup(String user, String group, String topic) {
    Map<String, Object> settings = user(user);
    settings.put("group.id", group);
    try (var consumer =
        new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      consumer.subscribe(List.of(topic));
      long end = System.nanoTime() + PATIENCE.toNanos();
      while (consumer.assignment().isEmpty()) {
        assertThat(System.nanoTime()).isLessThan(end);
        consumer.poll(Duration.ofMillis(200));
      }
    }
  }

  private static <T> T rethrowing(org.apache.kafka.common.KafkaFuture<T> future) throws Exception {
    try {
      return future.get();
    } catch (ExecutionException e) {
      throw (Exception) e.getCause();
    }
  }
}
