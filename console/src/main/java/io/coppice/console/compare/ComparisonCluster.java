package io.coppice.console.compare;

import io.coppice.console.UserError;
import io.coppice.schemas.ClusterConfig;
import io.coppice.schemas.TopicCatalogue;
import io.coppice.schemas.TopicCatalogue.Sizing;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;

/**
 * A running cluster to compare policies on.
 *
 * @param bootstrap Kafka brokers, HOST:PORT
 * @param registry URL of the schema registry
 * @param topicPrefix what the names of the comparison's topics begin with
 */
public record ComparisonCluster(String bootstrap, String registry, String topicPrefix) {

  private static final int ANSWER_MILLIS = 15_000;

  /** How the cluster is reached. */
  ClusterConfig config() {
    return new ClusterConfig(bootstrap, registry, topicPrefix, Map.of(), Map.of());
  }

  /**
   * Makes sure of the topics.
   *
   * @throws UserError if no broker answers, or topics are there that do not fit
   */
  Sizing ensureTopics() throws InterruptedException {
    Map<String, Object> settings = config().kafka();
    settings.put("default.api.timeout.ms", ANSWER_MILLIS);
    settings.put("request.timeout.ms", ANSWER_MILLIS);
    try (Admin admin = Admin.create(settings)) {
      return new TopicCatalogue(topicPrefix).ensure(admin, Sizing.DEFAULT);
    } catch (RuntimeException e) {
      throw UserError.failed("--bootstrap " + bootstrap + ": " + UserError.sentence(e), e);
    }
  }
}
