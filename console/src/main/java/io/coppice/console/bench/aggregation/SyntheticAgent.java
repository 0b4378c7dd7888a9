package io.coppice.console.bench.aggregation;

import io.coppice.replay.TransactionalWriter;
import io.coppice.schemas.AgentJoined;
import io.coppice.schemas.ContentDigest;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.ShardDigest;
import io.coppice.schemas.ShardKind;
import io.coppice.schemas.Signatures;
import io.coppice.schemas.Topic;
import io.coppice.schemas.UpdateShard;
import io.coppice.schemas.UpdateSubmitted;
import java.nio.ByteBuffer;
import java.security.KeyPair;
import java.time.Instant;
import java.util.Locale;

/** An agent that does not train: it joins, and submits the same numbers in every round, signed as any other agent's. */
public final class SyntheticAgent {

  private static final long MAX_WEIGHT = 20;

  private final LogSerdes serdes;
  private final String runId;
  private final String id;
  private final long weight;
  private final UpdatePayload payload;
  private final KeyPair keys = Signatures.newKeyPair();

  /**
   * @param number from 0, by which agents differ in name and weight
   */
  public SyntheticAgent(LogSerdes serdes, String runId, int number, UpdatePayload payload) {
    this.serdes = serdes;
    this.runId = runId;
    this.id = String.format(Locale.ROOT, "agent-%04d", number);
    this.weight = weight(number);
    this.payload = payload;
  }

  /** What the agent with a number, from 0, counts in the mean. */
  static long weight(int number) {
    return 1 + number % MAX_WEIGHT;
  }

  /** Adds its join to the writer's transaction. */
  public void join(TransactionalWriter writer) {
    AgentJoined joined =
        AgentJoined.newBuilder()
            .setRunId(runId)
            .setAgentId(id)
            .setJoinedAt(Instant.now())
            .setSampleCount(1)
            .setMaxWeight(MAX_WEIGHT)
            .setPublicKey(Signatures.encode(keys.getPublic()))
            .build();
    writer.sendByRun(Topic.AGENTS, serdes.agents, LogKeys.agent(runId, id), joined);
  }

  /** Adds its update of a round to the writer's transaction. */
  public void submit(TransactionalWriter writer, int round) {
    UpdateSubmitted submission =
        UpdateSubmitted.newBuilder()
            .setRunId(runId)
            .setRound(round)
            .setAgentId(id)
            .setMaskVersion(0)
            .setWeight(weight)
            .setTrainLoss(1)
            .setTrainSeconds(1)
            .setPayloadBytes(payload.bytes())
            .setShards(payload.digests())
            .setSignature(ByteBuffer.allocate(0))
            .build();
    submission.setSignature(Signatures.sign(submission, keys.getPrivate()));
    ByteBuffer digest = ContentDigest.of(submission);
    for (int s = 0; s < payload.shards(); s++) {
      ShardDigest shard = payload.digests().get(s);
      writer.sendByShard(
          Topic.UPDATES,
          serdes.updates,
          LogKeys.shard(runId, ShardKind.DELTA, s),
          s,
          UpdateShard.newBuilder()
              .setRunId(runId)
              .setRound(round)
              .setAgentId(id)
              .setSubmission(digest)
              .setMaskVersion(0)
              .setKind(ShardKind.DELTA)
              .setShard(s)
              .setDeltaShards(payload.shards())
              .setImportanceShards(0)
              .setWeight(weight)
              .setEncoding(payload.encoding())
              .setValueCount(shard.getValueCount())
              .setValues(payload.blocks().get(s))
              .build());
    }
    writer.sendByRun(Topic.SUBMISSIONS, serdes.submissions, runId, submission);
  }
}
