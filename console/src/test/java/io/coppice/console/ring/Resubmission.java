package io.coppice.console.ring;

import io.coppice.console.ring.RunLog.At;
import io.coppice.replay.RunDefinition;
import io.coppice.replay.TransactionalWriter;
import io.coppice.schemas.AgentJoined;
import io.coppice.schemas.ContentDigest;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.Signatures;
import io.coppice.schemas.Topic;
import io.coppice.schemas.UpdateShard;
import io.coppice.schemas.UpdateSubmitted;
import java.nio.ByteBuffer;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Submits the updates of one run to another, in the order in which they lie in every partition, signed anew. */
final class Resubmission {

  private final Ring ring;
  private final RunLog original;
  private final RunDefinition copy;

  Resubmission(Ring ring, RunLog original, RunDefinition copy) {
    this.ring = ring;
    this.original = original;
    this.copy = copy;
  }

  /** Submits round after round as the copy opens them, and returns the copy's log. */
  RunLog run() throws InterruptedException {
    try (TransactionalWriter writer =
        new TransactionalWriter(ring.cluster(), "resubmission-" + copy.id(), copy.id())) {
      writer.begin();
      for (AgentJoined joined : original.joins) {
        writer.sendByRun(
            Topic.AGENTS,
            ring.serdes().agents,
            LogKeys.agent(copy.id(), joined.getAgentId()),
            AgentJoined.newBuilder(joined).setRunId(copy.id()).build());
      }
      writer.commit();
      for (int r = copy.firstRound(); r <= copy.lastRound(); r++) {
        int round = r;
        ring.await(
            copy,
            "round " + round + " of the copy",
            log -> log.open().filter(open -> open.getRound() == round).isPresent());
        submit(writer, round);
      }
    }
    return ring.finish(copy);
  }

  private void submit(TransactionalWriter writer, int round) {
    Map<ByteBuffer, ByteBuffer> digests = new HashMap<>();
    List<UpdateSubmitted> submissions =
        original.submissions.stream().filter(s -> s.getRound() == round).toList();
    writer.begin();
    for (UpdateSubmitted submission : submissions) {
      UpdateSubmitted copied = UpdateSubmitted.newBuilder(submission).setRunId(copy.id()).build();
      copied.setSignature(Signatures.sign(copied, ring.keys(copied.getAgentId()).getPrivate()));
      digests.put(ContentDigest.of(submission), ContentDigest.of(copied));
      writer.sendByRun(Topic.SUBMISSIONS, ring.serdes().submissions, copy.id(), copied);
    }
    original.updates.stream()
        .filter(at -> at.value().getRound() == round)
        .sorted(
            Comparator.<At<UpdateShard>>comparingInt(At::partition).thenComparingLong(At::offset))
        .map(At::value)
        .forEach(
            shard ->
                writer.sendByShard(
                    Topic.UPDATES,
                    ring.serdes().updates,
                    LogKeys.shard(copy.id(), shard.getKind(), shard.getShard()),
                    shard.getShard(),
                    UpdateShard.newBuilder(shard)
                        .setRunId(copy.id())
                        .setSubmission(digests.get(shard.getSubmission()))
                        .build()));
    writer.commit();
  }
}
