package io.coppice.aggregator.rounds;

import io.coppice.aggregator.StateCodec;
import io.coppice.aggregator.state.Agent;
import io.coppice.aggregator.state.Participant;
import io.coppice.aggregator.state.Phase;
import io.coppice.aggregator.state.RunProgress;
import io.coppice.schemas.LayerMask;
import io.coppice.schemas.MaskPublished;
import io.coppice.schemas.TrainingRun;
import io.coppice.schemas.UpdateChecked;
import io.coppice.schemas.UpdateSubmitted;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * The state of the round coordinator: many small entries, so that no record rewrites what grows with the number of agents.
 *
 * <p>Keys are text: {@code definition/RUN}, {@code progress/RUN}, {@code mask/RUN}, {@code agent/RUN/AGENT}, and for the open round
 * {@code participant/RUN/AGENT}, {@code submission/RUN/AGENT} and {@code check/RUN/AGENT/SUBMISSION/PARTITION}.
 */
final class RunStore {

  static final String NAME = "coordinator";

  private static final ByteBuffer NONE = ByteBuffer.allocate(0);

  private final KeyValueStore<String, byte[]> store;

  RunStore(KeyValueStore<String, byte[]> store) {
    this.store = store;
  }

  Optional<TrainingRun> definition(String runId) {
    return Optional.ofNullable(
        StateCodec.decode(TrainingRun.getDecoder(), store.get("definition/" + runId)));
  }

  void putDefinition(TrainingRun run) {
    store.put("definition/" + run.getRunId(), StateCodec.encode(TrainingRun.getEncoder(), run));
  }

  /** How far a run is; a run that nothing is known of is starting. */
  RunProgress progress(String runId) {
    RunProgress known = StateCodec.decode(RunProgress.getDecoder(), store.get("progress/" + runId));
    return known != null
        ? known
        : RunProgress.newBuilder()
            .setPhase(Phase.STARTING)
            .setRound(-1)
            .setMaskVersion(0)
            .setImportance(false)
            .setJoined(0)
            .setParticipants(0)
            .setAdmitted(0)
            .setRejected(0)
            .setDue(false)
            .setLastDigest(NONE)
            .build();
  }

  void putProgress(String runId, RunProgress progress) {
    store.put("progress/" + runId, StateCodec.encode(RunProgress.getEncoder(), progress));
  }

  /** How far all runs are, by run id. */
  SortedMap<String, RunProgress> progress() {
    return scan("progress/", bytes -> StateCodec.decode(RunProgress.getDecoder(), bytes));
  }

  /** The newest mask of a run, without its bitmaps. */
  Optional<MaskPublished> mask(String runId) {
    return Optional.ofNullable(
        StateCodec.decode(MaskPublished.getDecoder(), store.get("mask/" + runId)));
  }

  void putMask(MaskPublished mask) {
    List<LayerMask> shapes =
        mask.getLayers().stream()
            .map(l -> new LayerMask(l.getName(), l.getShape(), l.getKept(), NONE))
            .toList();
    store.put(
        "mask/" + mask.getRunId(),
        StateCodec.encode(
            MaskPublished.getEncoder(),
            MaskPublished.newBuilder(mask).setLayers(shapes).setDecision(null).build()));
  }

  Optional<Agent> agent(String runId, String agentId) {
    return Optional.ofNullable(
        StateCodec.decode(Agent.getDecoder(), store.get("agent/" + runId + "/" + agentId)));
  }

  void putAgent(String runId, String agentId, Agent agent) {
    store.put("agent/" + runId + "/" + agentId, StateCodec.encode(Agent.getEncoder(), agent));
  }

  /** All agents that have joined, by id. */
  SortedMap<String, Agent> agents(String runId) {
    return scan("agent/" + runId + "/", bytes -> StateCodec.decode(Agent.getDecoder(), bytes));
  }

  Optional<Participant> participant(String runId, String agentId) {
    return Optional.ofNullable(
        StateCodec.decode(
            Participant.getDecoder(), store.get("participant/" + runId + "/" + agentId)));
  }

  void putParticipant(String runId, String agentId, Participant participant) {
    store.put(
        "participant/" + runId + "/" + agentId,
        StateCodec.encode(Participant.getEncoder(), participant));
  }

  /** All participants of the open round, by id. */
  SortedMap<String, Participant> participants(String runId) {
    return scan(
        "participant/" + runId + "/", bytes -> StateCodec.decode(Participant.getDecoder(), bytes));
  }

  /** The submission of a participant that waits for checks. */
  Optional<UpdateSubmitted> submission(String runId, String agentId) {
    return Optional.ofNullable(
        StateCodec.decode(
            UpdateSubmitted.getDecoder(), store.get("submission/" + runId + "/" + agentId)));
  }

  void putSubmission(UpdateSubmitted submission) {
    store.put(
        "submission/" + submission.getRunId() + "/" + submission.getAgentId(),
        StateCodec.encode(UpdateSubmitted.getEncoder(), submission));
  }

  /** The checks of one attempt that have come in, one a partition. */
  List<UpdateChecked> checks(String runId, String agentId, ByteBuffer submission) {
    return List.copyOf(
        scan(
                checks(runId, agentId) + hex(submission) + "/",
                bytes -> StateCodec.decode(UpdateChecked.getDecoder(), bytes))
            .values());
  }

  void putCheck(UpdateChecked check) {
    store.put(
        checks(check.getRunId(), check.getAgentId())
            + hex(check.getSubmission())
            + "/"
            + check.getPartition(),
        StateCodec.encode(UpdateChecked.getEncoder(), check));
  }

  /** Forgets an attempt that has been judged. */
  void deleteAttempt(String runId, String agentId, ByteBuffer submission) {
    store.delete("submission/" + runId + "/" + agentId);
    deleteAll(checks(runId, agentId) + hex(submission) + "/");
  }

  /** Forgets participants, submissions and checks of the round that was open. */
  void deleteRound(String runId) {
    deleteAll("participant/" + runId + "/");
    deleteAll("submission/" + runId + "/");
    deleteAll("check/" + runId + "/");
  }

  private static String checks(String runId, String agentId) {
    return "check/" + runId + "/" + agentId + "/";
  }

  private static String hex(ByteBuffer bytes) {
    byte[] copy = new byte[bytes.remaining()];
    bytes.duplicate().get(copy);
    return HexFormat.of().formatHex(copy);
  }

  private <T> SortedMap<String, T> scan(String prefix, Function<byte[], T> decode) {
    SortedMap<String, T> found = new TreeMap<>();
    try (KeyValueIterator<String, byte[]> entries =
        store.prefixScan(prefix, new StringSerializer())) {
      while (entries.hasNext()) {
        KeyValue<String, byte[]> entry = entries.next();
        found.put(entry.key.substring(prefix.length()), decode.apply(entry.value));
      }
    }
    return found;
  }

  private void deleteAll(String prefix) {
    List<String> keys = new ArrayList<>();
    try (KeyValueIterator<String, byte[]> entries =
        store.prefixScan(prefix, new StringSerializer())) {
      entries.forEachRemaining(entry -> keys.add(entry.key));
    }
    keys.forEach(store::delete);
  }
}
