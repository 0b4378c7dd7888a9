package io.coppice.aggregator.rounds;

import io.coppice.aggregator.EarlierSchemas;
import io.coppice.aggregator.StateCodec;
import io.coppice.aggregator.state.Agent;
import io.coppice.aggregator.state.EarlyJoin;
import io.coppice.aggregator.state.Participant;
import io.coppice.aggregator.state.Phase;
import io.coppice.aggregator.state.RunProgress;
import io.coppice.schemas.AggregateDigests;
import io.coppice.schemas.LayerMask;
import io.coppice.schemas.MaskPublished;
import io.coppice.schemas.TrainingRun;
import io.coppice.schemas.TrustedKey;
import io.coppice.schemas.TrustedRecords;
import io.coppice.schemas.UpdateChecked;
import io.coppice.schemas.UpdateSubmitted;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.apache.avro.message.BinaryMessageDecoder;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * The state of the round coordinator: many small entries, so that no record rewrites what grows with the number of agents.
 *
 * <p>Keys are text: {@code definition/RUN}, {@code trusted/RUN/AGENT}, {@code progress/RUN}, {@code events/RUN}, {@code mask/RUN},
 * {@code joining/RUN/OFFSET}, {@code agent/RUN/AGENT}, for the open round {@code participant/RUN/AGENT}, {@code submission/RUN/AGENT} and
 * {@code check/RUN/AGENT/SUBMISSION/PARTITION}, and for the round closed last {@code digests/RUN/PARTITION}.
 */
final class RunStore {

  static final String NAME = "coordinator";

  private static final ByteBuffer NONE = ByteBuffer.allocate(0);

  // Of these there may be entries from an earlier version of the aggregator.
  private static final BinaryMessageDecoder<TrainingRun> DEFINITIONS =
      TrainingRun.createDecoder(new EarlierSchemas());
  private static final BinaryMessageDecoder<RunProgress> PROGRESS =
      RunProgress.createDecoder(new EarlierSchemas());
  private static final BinaryMessageDecoder<UpdateChecked> CHECKS =
      UpdateChecked.createDecoder(new EarlierSchemas());

  static {
    TrustedRecords.register();
  }

  private final KeyValueStore<String, byte[]> store;
  private final BiConsumer<String, RunProgress> progressed;

  RunStore(KeyValueStore<String, byte[]> store) {
    this(store, (runId, progress) -> {});
  }

  /**
   * @param progressed is shown how far a run is whenever that is stored, to read only
   */
  RunStore(KeyValueStore<String, byte[]> store, BiConsumer<String, RunProgress> progressed) {
    this.store = store;
    this.progressed = progressed;
  }

  /** A run's definition, its trusted keys as an empty list: they are entries of their own. */
  Optional<TrainingRun> definition(String runId) {
    return Optional.ofNullable(StateCodec.decode(DEFINITIONS, store.get("definition/" + runId)));
  }

  void putDefinition(TrainingRun run) {
    TrainingRun.Builder stored = TrainingRun.newBuilder(run);
    if (run.getTrustedKeys() != null) {
      for (TrustedKey trusted : run.getTrustedKeys()) {
        store.put(
            "trusted/" + run.getRunId() + "/" + trusted.getAgentId(),
            StateCodec.bytes(trusted.getPublicKey()));
      }
      stored.setTrustedKeys(List.of());
    }
    store.put(
        "definition/" + run.getRunId(),
        StateCodec.encode(TrainingRun.getEncoder(), stored.build()));
  }

  /** The key that the run's definition names for an agent. */
  Optional<ByteBuffer> trustedKey(String runId, String agentId) {
    return Optional.ofNullable(store.get("trusted/" + runId + "/" + agentId)).map(ByteBuffer::wrap);
  }

  /** How far a run is; a run that nothing is known of is starting. */
  RunProgress progress(String runId) {
    RunProgress known = StateCodec.decode(PROGRESS, store.get("progress/" + runId));
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
    progressed.accept(runId, progress);
  }

  /** How far all runs are, by run id. */
  SortedMap<String, RunProgress> progress() {
    return scan("progress/", bytes -> StateCodec.decode(PROGRESS, bytes));
  }

  /** The chained digest of the run's ledger since the round closed last; empty if it has no entry since. */
  ByteBuffer events(String runId) {
    byte[] chain = store.get("events/" + runId);
    return chain == null ? NONE : ByteBuffer.wrap(chain);
  }

  void putEvents(String runId, ByteBuffer chain) {
    store.put("events/" + runId, StateCodec.bytes(chain));
  }

  void deleteEvents(String runId) {
    store.delete("events/" + runId);
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

  /** What agents have sent before their run was defined, by offset in {@code agents}. */
  SortedMap<Long, EarlyJoin> earlyJoins(String runId) {
    SortedMap<Long, EarlyJoin> joins = new TreeMap<>();
    scan("joining/" + runId + "/", bytes -> StateCodec.decode(EarlyJoin.getDecoder(), bytes))
        .forEach((offset, join) -> joins.put(Long.valueOf(offset), join));
    return joins;
  }

  void putEarlyJoin(String runId, long offset, EarlyJoin join) {
    store.put("joining/" + runId + "/" + offset, StateCodec.encode(EarlyJoin.getEncoder(), join));
  }

  void deleteEarlyJoins(String runId) {
    deleteAll("joining/" + runId + "/");
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
                bytes -> StateCodec.decode(CHECKS, bytes))
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

  /** What a partition has made of the round closed last. */
  Optional<AggregateDigests> digests(String runId, int partition) {
    return Optional.ofNullable(
        StateCodec.decode(
            AggregateDigests.getDecoder(), store.get("digests/" + runId + "/" + partition)));
  }

  /** What the partitions have made of the round closed last, as far as they have reported. */
  Collection<AggregateDigests> digests(String runId) {
    return scan(
            "digests/" + runId + "/",
            bytes -> StateCodec.decode(AggregateDigests.getDecoder(), bytes))
        .values();
  }

  void putDigests(AggregateDigests digests) {
    store.put(
        "digests/" + digests.getRunId() + "/" + digests.getPartition(),
        StateCodec.encode(AggregateDigests.getEncoder(), digests));
  }

  void deleteDigests(String runId) {
    deleteAll("digests/" + runId + "/");
  }

  private static String checks(String runId, String agentId) {
    return "check/" + runId + "/" + agentId + "/";
  }

  private static String hex(ByteBuffer bytes) {
    return HexFormat.of().formatHex(StateCodec.bytes(bytes));
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
