package io.coppice.aggregator;

import io.coppice.schemas.TopicCatalogue.Sizing;
import java.util.Optional;
import picocli.CommandLine.Option;

/** How topics are made that do not exist yet: options of the aggregator, and of whoever else may come first. */
public final class TopicOptions {

  @Option(
      names = "--shard-partitions",
      paramLabel = "N",
      defaultValue = "${COPPICE_SHARD_PARTITIONS:-12}",
      description =
          "Partitions by shard of topics that do not exist yet (COPPICE_SHARD_PARTITIONS; ${DEFAULT-VALUE}).")
  private int shardPartitions;

  @Option(
      names = "--run-partitions",
      paramLabel = "N",
      defaultValue = "${COPPICE_RUN_PARTITIONS:-4}",
      description =
          "Partitions by run of topics that do not exist yet (COPPICE_RUN_PARTITIONS; ${DEFAULT-VALUE}).")
  private int runPartitions;

  @Option(
      names = "--replication",
      paramLabel = "N",
      defaultValue = "${COPPICE_REPLICATION:-" + Option.NULL_VALUE + "}",
      description =
          "Replicas of topics that do not exist yet (COPPICE_REPLICATION; the broker's default).")
  private Short replication;

  /**
   * Reads the options.
   *
   * @throws IllegalArgumentException if one of them is below 1
   */
  public Sizing sizing() {
    if (shardPartitions < 1 || runPartitions < 1 || (replication != null && replication < 1)) {
      throw new IllegalArgumentException(
          "--shard-partitions, --run-partitions and --replication are at least 1.");
    }
    return new Sizing(shardPartitions, runPartitions, Optional.ofNullable(replication));
  }
}
