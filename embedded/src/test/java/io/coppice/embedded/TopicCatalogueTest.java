package io.coppice.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coppice.schemas.Topic;
import io.coppice.schemas.TopicCatalogue;
import io.coppice.schemas.TopicCatalogue.MismatchException;
import io.coppice.schemas.TopicCatalogue.Sizing;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.config.ConfigResource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The catalogue against a broker; every test has a prefix of its own. */
class TopicCatalogueTest {

  private static final Sizing SMALL = new Sizing(3, 2, Optional.empty());

  @TempDir static Path temp;
  private static EmbeddedBroker broker;
  private static Admin admin;

  @BeforeAll
  static void start() {
    broker = EmbeddedBroker.start(temp, 0);
    admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrap()));
  }

  @AfterAll
  static void stop() {
    admin.close();
    broker.close();
  }

  @Test
  void createsEveryTopicOnceAndKeepsWhatIsThere() throws Exception {
    TopicCatalogue catalogue = new TopicCatalogue("once.");
    assertThat(catalogue.ensure(admin, SMALL)).isEqualTo(SMALL);
    for (Topic topic : Topic.values()) {
      assertThat(TestLog.topics(broker.bootstrap())).contains("once." + topic.suffix());
      assertThat(partitions("once." + topic.suffix()))
          .isEqualTo(topic.partitioning() == Topic.Partitioning.BY_SHARD ? 3 : 2);
    }
    // Asked for more partitions, it reports those that the topics have.
    assertThat(catalogue.ensure(admin, Sizing.DEFAULT)).isEqualTo(SMALL);
    assertThat(catalogue.check(admin)).isEqualTo(SMALL);
  }

  @Test
  void manyCallersAtOnceAgree() throws Exception {
    List<Callable<Sizing>> callers = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      callers.add(
          () -> {
            try (Admin own = Admin.create(Map.of("bootstrap.servers", broker.bootstrap()))) {
              return new TopicCatalogue("crowd.").ensure(own, SMALL);
            }
          });
    }
    try (ExecutorService crowd = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Future<Sizing> sizing : crowd.invokeAll(callers)) {
        assertThat(sizing.get()).isEqualTo(SMALL);
      }
    }
  }

  @Test
  void refusesPartitionsThatDiffer() throws Exception {
    create("uneven.updates", 3, Topic.UPDATES.configs());
    create("uneven.aggregates", 5, Topic.AGGREGATES.configs());
    assertThatThrownBy(() -> new TopicCatalogue("uneven.").ensure(admin, SMALL))
        .isInstanceOf(MismatchException.class)
        .hasMessage(
            "Topic uneven.aggregates has 5 partitions but uneven.updates has 3: both must have the same number.");
  }

  @Test
  void refusesAnAuditTopicThatIsCompacted() throws Exception {
    create("lossy.updates", 3, Map.of("cleanup.policy", "compact"));
    assertThatThrownBy(() -> new TopicCatalogue("lossy.").ensure(admin, SMALL))
        .isInstanceOf(MismatchException.class)
        .hasMessage("Topic lossy.updates has cleanup.policy=compact but needs delete.");
  }

  @Test
  void refusesAnAuditTopicThatForgets() throws Exception {
    Map<String, String> configs = new HashMap<>(Topic.ROUNDS.configs());
    configs.put("retention.ms", "1000");
    create("short.rounds", 2, configs);
    assertThatThrownBy(() -> new TopicCatalogue("short.").ensure(admin, SMALL))
        .isInstanceOf(MismatchException.class)
        .hasMessage("Topic short.rounds has retention.ms=1000 but needs -1.");
  }

  @Test
  void refusesRecordsThatWouldNotFit() throws Exception {
    Map<String, String> configs = new HashMap<>(Topic.MASKS.configs());
    configs.put("max.message.bytes", "1000000");
    create("narrow.masks", 2, configs);
    assertThatThrownBy(() -> new TopicCatalogue("narrow.").ensure(admin, SMALL))
        .isInstanceOf(MismatchException.class)
        .hasMessageContaining("Topic narrow.masks has max.message.bytes=1000000 but needs");
  }

  @Test
  void aTopicThatComesLaterGetsAsManyPartitionsAsTheOthersHave() throws Exception {
    TopicCatalogue catalogue = new TopicCatalogue("older.");
    catalogue.ensure(admin, SMALL);
    admin.deleteTopics(List.of("older.commands", "older.internal.digests")).all().get();
    while (TestLog.topics(broker.bootstrap()).contains("older.commands")) {
      Thread.sleep(50);
    }
    assertThat(catalogue.ensure(admin, Sizing.DEFAULT)).isEqualTo(SMALL);
    assertThat(partitions("older.commands")).isEqualTo(2);
  }

  @Test
  void anInternalTopicIsKeptLongerThanAnEarlierVersionHasSaid() throws Exception {
    String day = "86400000";
    String month = "2592000000";
    for (Topic topic : List.of(Topic.CHECKS, Topic.CLOSES, Topic.DIGESTS)) {
      Map<String, String> configs = new HashMap<>(topic.configs());
      configs.put("retention.ms", topic == Topic.DIGESTS ? "-1" : day);
      create(
          "brief." + topic.suffix(),
          topic.partitioning() == Topic.Partitioning.BY_SHARD ? 3 : 2,
          configs);
    }
    TopicCatalogue catalogue = new TopicCatalogue("brief.");
    catalogue.ensure(admin, SMALL);
    awaitRetention("brief.internal.checks", month);
    awaitRetention("brief.internal.closes", month);
    awaitRetention("brief.internal.digests", "-1");
    awaitRetention("brief.internal.ticks", day);
  }

  @Test
  void howLongInternalTopicsAreKeptIsNotChecked() throws Exception {
    TopicCatalogue catalogue = new TopicCatalogue("checked.");
    catalogue.ensure(admin, SMALL);
    ConfigResource closes =
        new ConfigResource(ConfigResource.Type.TOPIC, "checked.internal.closes");
    ConfigEntry hour = new ConfigEntry("retention.ms", "3600000");
    admin
        .incrementalAlterConfigs(
            Map.of(closes, List.of(new AlterConfigOp(hour, AlterConfigOp.OpType.SET))))
        .all()
        .get();
    awaitRetention("checked.internal.closes", "3600000");
    assertThat(catalogue.check(admin)).isEqualTo(SMALL);
    assertThat(retention("checked.internal.closes")).isEqualTo("3600000");
  }

  /** A broker shows a changed configuration a moment after the controller has confirmed it. */
  private static void awaitRetention(String topic, String expected) throws Exception {
    long giveUp = System.nanoTime() + Duration.ofSeconds(10).toNanos();
    while (!retention(topic).equals(expected) && System.nanoTime() < giveUp) {
      Thread.sleep(20);
    }
    assertThat(retention(topic)).as(topic).isEqualTo(expected);
  }

  private static String retention(String topic) throws Exception {
    ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
    return admin
        .describeConfigs(List.of(resource))
        .all()
        .get()
        .get(resource)
        .get("retention.ms")
        .value();
  }

  private static void create(String name, int partitions, Map<String, String> configs)
      throws Exception {
    TestLog.create(broker.bootstrap(), new NewTopic(name, partitions, (short) 1).configs(configs));
  }

  private static int partitions(String topic) throws Exception {
    return admin
        .describeTopics(List.of(topic))
        .allTopicNames()
        .get()
        .get(topic)
        .partitions()
        .size();
  }
}
