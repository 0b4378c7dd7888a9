package io.coppice.schemas;

import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;
import org.apache.kafka.common.utils.Utils;

/** Keys and partitions of records: plain UTF-8 text, so that every tool shows them. */
public final class LogKeys {

  private static final Pattern NAME = Pattern.compile("[a-z0-9-]{1,64}");

  private LogKeys() {}

  /** Whether a run id or agent id is well-formed: 1 to 64 of a-z, 0-9 and '-'. */
  public static boolean isName(String id) {
    return NAME.matcher(id).matches();
  }

  /** Whether a record's key is one of the run's: the run id, or one that begins with it and a slash. */
  public static boolean isOfRun(String key, String runId) {
    return key != null
        && key.startsWith(runId)
        && (key.length() == runId.length() || key.charAt(runId.length()) == '/');
  }

  /** Key in {@code agents}. */
  public static String agent(String runId, String agentId) {
    return runId + "/" + agentId;
  }

  /** Key in {@code updates} and {@code aggregates}. */
  public static String shard(String runId, ShardKind kind, int shard) {
    return runId + (kind == ShardKind.DELTA ? "/delta/" : "/importance/") + shard;
  }

  /** Key in {@code checkpoints}. */
  public static String checkpoint(String runId, int shard) {
    return runId + "/" + shard;
  }

  /** Partition of a topic by shard. */
  public static int shardPartition(int shard, int partitions) {
    return shard % partitions;
  }

  /** Partition of a topic by run: Kafka's own choice for a key that is the run id. */
  public static int runPartition(String runId, int partitions) {
    return Utils.toPositive(Utils.murmur2(runId.getBytes(StandardCharsets.UTF_8))) % partitions;
  }
}
