package io.coppice.aggregator;

import static io.coppice.aggregator.Ring.PARAMETERS;
import static io.coppice.aggregator.Ring.RUN;
import static org.assertj.core.api.Assertions.assertThat;

import io.coppice.schemas.AgentJoined;
import io.coppice.schemas.AggregateShard;
import io.coppice.schemas.Contribution;
import io.coppice.schemas.Contributor;
import io.coppice.schemas.LedgerEntry;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.RecordMutator;
import io.coppice.schemas.RecordMutator.Kind;
import io.coppice.schemas.RecordMutator.Mutant;
import io.coppice.schemas.RecordMutator.Raw;
import io.coppice.schemas.RecordSerde;
import io.coppice.schemas.RejectedRecord;
import io.coppice.schemas.RoundClosed;
import io.coppice.schemas.RunFinished;
import io.coppice.schemas.Tick;
import io.coppice.schemas.Topic;
import io.coppice.schemas.UpdateChecked;
import io.coppice.schemas.UpdateRejected;
import io.coppice.schemas.UpdateShard;
import io.coppice.schemas.UpdateSubmitted;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.SortedMap;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.errors.SerializationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The aggregator amid mutated copies of everything that it reads, its internal topics included: it never fails, each mutant is
 * rejected, reported or of no effect, and the run ends as without them.
 *
 * <p>A mutant comes after its original, as it does from anybody who copies what is in the log. Three kinds are none of damage but
 * somebody's own statement, and are left out: the offer of a further agent, or a further offer of one that is there; another submission,
 * signed by its agent, in a round in which that agent has not submitted yet; and shards in the name of a submission that waits
 * for its checks, which has to be refused when two different shards claim to be its part.
 */
class MutantsTest {

  private static final int MUTANTS = 10_000;
  private static final long SEED = 20260102;
  private static final List<String> AGENTS = List.of("a", "b", "c");
  private static final int ROUNDS = 3;

  /** What became of a mutant. */
  private enum Outcome {
    IDENTICAL,
    LEFT_OUT,
    REJECTED,
    REPORTED,
    WITHOUT_EFFECT
  }

  @TempDir Path calm;
  @TempDir Path stormy;

  private final List<Raw> seen = new ArrayList<>();
  private final Map<Outcome, Integer> outcomes = new EnumMap<>(Outcome.class);
  private final Map<String, Integer> ofNoEffect = new HashMap<>();
  private final Random random = new Random(SEED);
  private RecordMutator mutator;
  private int openRound;
  private final Set<String> submitted = new HashSet<>();
  private final List<Object> events = new ArrayList<>();

  @Test
  void mutantsAreRejectedAndTheRunEndsAsWithoutThem() {
    try (Ring quiet = new Ring(calm);
        Ring ring = new Ring(stormy)) {
      quiet.serdes.registerAll("coppice."); // in the same order as the other's: the same ids
      List<List<Raw>> steps = steps(quiet);
      AGENTS.forEach(agent -> ring.adopt(agent, quiet.keys(agent)));
      ring.serdes.registerAll("coppice.");
      mutator =
          new RecordMutator(
              ring.serdes,
              1,
              List.of("a", "b", "c", "other", "Not_a_name"),
              Map.of("a", quiet.keys("a"), "b", quiet.keys("b"), "c", quiet.keys("c")),
              SEED);
      List<AggregateShard> expected = play(quiet, steps, 0);
      List<RoundClosed> rounds = closed();
      assertThat(rounds).hasSize(ROUNDS);

      seen.clear();
      events.clear();
      List<AggregateShard> actual = play(ring, steps, Math.ceilDiv(MUTANTS, steps.size() - 1));

      assertThat(events).hasAtLeastOneElementOfType(RunFinished.class);
      assertThat(closed())
          .usingElementComparator(MutantsTest::differ)
          .containsExactlyElementsOf(rounds);
      assertThat(actual).hasSameSizeAs(expected);
      for (int i = 0; i < actual.size(); i++) {
        isTheSame(actual.get(i), expected.get(i));
      }
      assertThat(outcomes.values().stream().mapToInt(n -> n).sum()).isGreaterThanOrEqualTo(MUTANTS);
      assertThat(outcomes.get(Outcome.REJECTED) + outcomes.get(Outcome.REPORTED))
          .as("%s; of no effect: %s", outcomes, ofNoEffect)
          .isGreaterThan(MUTANTS / 2);
      assertThat(outcomes.get(Outcome.LEFT_OUT)).as("%s", outcomes).isLessThan(MUTANTS / 5);
    }
  }

  /** What goes into a run, one step at a time. */
  private static List<List<Raw>> steps(Ring ring) {
    List<List<Raw>> steps = new ArrayList<>();
    steps.add(List.of(raw(ring, Topic.RUNS, RUN, Ring.run(RUN))));
    steps.add(List.of(raw(ring, Topic.MASKS, RUN, Ring.mask(RUN, 0, 0, 8))));
    for (String agent : AGENTS) {
      steps.add(
          List.of(raw(ring, Topic.AGENTS, LogKeys.agent(RUN, agent), ring.joined(RUN, agent))));
    }
    steps.add(List.of(raw(ring, Topic.TICKS, RUN, new Tick(RUN, 0))));
    for (int round = 0; round < ROUNDS; round++) {
      for (String agent : List.of("b", "c", "a")) {
        float[] delta = new float[PARAMETERS];
        for (int i = 0; i < PARAMETERS; i++) {
          delta[i] = (agent.charAt(0) - 'a' + 1) * 0.1f + i / 7f - round;
        }
        TestUpdate update = ring.update(RUN, agent, round, 10 + agent.charAt(0) % 7, delta);
        List<Raw> step = new ArrayList<>();
        for (UpdateShard shard : update.shards) {
          step.add(
              raw(
                  ring,
                  Topic.UPDATES,
                  LogKeys.shard(RUN, shard.getKind(), shard.getShard()),
                  shard));
        }
        step.add(raw(ring, Topic.SUBMISSIONS, RUN, update.submission));
        steps.add(step);
      }
    }
    return steps;
  }

  @SuppressWarnings("unchecked")
  private static Raw raw(Ring ring, Topic topic, String key, SpecificRecord record) {
    byte[] value =
        ((RecordSerde<SpecificRecord>) ring.serdes.of(topic)).serialize(Ring.name(topic), record);
    return new Raw(topic, 0, key.getBytes(StandardCharsets.UTF_8), value);
  }

  private List<AggregateShard> play(Ring ring, List<List<Raw>> steps, int mutantsAStep) {
    List<AggregateShard> aggregates = new ArrayList<>();
    for (int s = 0; s < steps.size(); s++) {
      if (s > 0) {
        for (int i = 0; i < mutantsAStep; i++) {
          injectOne(ring);
        }
      }
      for (Raw record : steps.get(s)) {
        ring.sendRaw(record.topic(), record.key(), record.value());
        seen.add(record);
        if (record.topic() == Topic.SUBMISSIONS) {
          submitted.add(ring.serdes.submissions.deserialize("", record.value()).getAgentId());
        }
      }
      assertThat(ring.rejects()).isEmpty();
      ledger(ring).forEach(this::take);
      seen.addAll(ring.written(Topic.CHECKS));
      seen.addAll(ring.written(Topic.CLOSES));
      seen.addAll(ring.written(Topic.DIGESTS));
      aggregates.addAll(ring.aggregates());
    }
    return aggregates;
  }

  /** What is new in the run's ledger; mutants may define runs of other names, which have theirs. */
  private static List<Object> ledger(Ring ring) {
    return ring.ledger().stream()
        .filter(entry -> entry.getRunId().equals(RUN))
        .map(LedgerEntry::getEvent)
        .toList();
  }

  private void take(Object event) {
    events.add(event);
    if (event instanceof RoundClosed closed) {
      openRound = closed.getRound() + 1;
      submitted.clear();
    }
  }

  private void injectOne(Ring ring) {
    Raw original = seen.get(random.nextInt(seen.size()));
    Mutant mutant = mutator.mutate(original);
    Outcome outcome =
        mutant.raw().isIdenticalTo(original)
            ? Outcome.IDENTICAL
            : isStatement(ring, mutant) ? Outcome.LEFT_OUT : inject(ring, mutant);
    outcomes.merge(outcome, 1, Integer::sum);
    if (outcome == Outcome.WITHOUT_EFFECT) {
      ofNoEffect.merge(mutant.raw().topic() + " " + mutant.kind(), 1, Integer::sum);
    }
  }

  private Outcome inject(Ring ring, Mutant mutant) {
    Raw raw = mutant.raw();
    String what = raw.topic() + " " + mutant.kind() + " " + mutant.change();
    SortedMap<String, String> before = standing(ring);
    ring.sendRaw(raw.topic(), raw.key(), raw.value());
    SortedMap<String, String> after = standing(ring);
    List<Object> ledger = ledger(ring);
    ledger.forEach(this::take);
    if (!ledger.isEmpty()) { // on record, and the ledger's chain with it
      before.remove("events/" + RUN);
      after.remove("events/" + RUN);
    }
    assertThat(after).as(what).isEqualTo(before);
    assertThat(ledger).as(what).allMatch(UpdateRejected.class::isInstance);
    assertThat(ring.aggregates()).as(what).isEmpty();
    boolean reported = !ledger.isEmpty();
    for (Raw check : ring.written(Topic.CHECKS)) {
      UpdateChecked checked = ring.serdes.checks.deserialize("", check.value());
      reported |= checked.getFault() != null;
    }
    List<RejectedRecord> rejects =
        ring.rejects().stream()
            .filter(rejected -> rejected.getTopic().equals(Ring.name(raw.topic())))
            .toList();
    if (rejects.isEmpty()) {
      return reported ? Outcome.REPORTED : Outcome.WITHOUT_EFFECT;
    }
    assertThat(rejects).as(what).hasSize(1);
    assertThat(rejects.getFirst().getDetail()).as(what).isNotEmpty();
    assertThat(rejects.getFirst().getPayload())
        .as(what)
        .isEqualTo(ByteBuffer.wrap(raw.value() == null ? new byte[0] : raw.value()));
    return Outcome.REJECTED;
  }

  /** What the coordinator knows of the run, but for the checks that nobody waits for. */
  private static SortedMap<String, String> standing(Ring ring) {
    SortedMap<String, String> state = ring.state();
    state
        .keySet()
        .removeIf(key -> key.startsWith("check/") || !Arrays.asList(key.split("/")).contains(RUN));
    return state;
  }

  private boolean isStatement(Ring ring, Mutant mutant) {
    if (mutant.raw().value() == null) {
      return false;
    }
    try {
      SpecificRecord record =
          ring.serdes.of(mutant.raw().topic()).deserialize("", mutant.raw().value());
      return switch (record) {
        case AgentJoined joined ->
            joined.getRunId().equals(RUN) && LogKeys.isName(joined.getAgentId());
        case UpdateSubmitted submission ->
            mutant.kind() == Kind.SEALED_FIELD
                && submission.getRound() == openRound
                && !submitted.contains(submission.getAgentId());
        default -> false;
      };
    } catch (SerializationException e) {
      return false;
    }
  }

  private List<RoundClosed> closed() {
    return events.stream()
        .filter(RoundClosed.class::isInstance)
        .map(RoundClosed.class::cast)
        .toList();
  }

  /** The digests chain to the rejections in the ledger, which are more with mutants. */
  private static int differ(RoundClosed one, RoundClosed other) {
    return one.getRound() == other.getRound()
            && one.getReason() == other.getReason()
            && contributors(one).equals(contributors(other))
            && one.getDeltaShards() == other.getDeltaShards()
        ? 0
        : 1;
  }

  private static List<Contributor> contributors(RoundClosed closed) {
    return List.copyOf(closed.getContributors());
  }

  /** The offsets of the summands are others, because the mutants lie between them. */
  private static void isTheSame(AggregateShard actual, AggregateShard expected) {
    assertThat(actual.getValues()).isEqualTo(expected.getValues());
    assertThat(
            List.of(
                actual.getRound(),
                actual.getKind(),
                actual.getShard(),
                actual.getTotalWeight(),
                agents(actual)))
        .isEqualTo(
            List.of(
                expected.getRound(),
                expected.getKind(),
                expected.getShard(),
                expected.getTotalWeight(),
                agents(expected)));
  }

  private static List<String> agents(AggregateShard aggregate) {
    return aggregate.getContributions().stream().map(Contribution::getAgentId).toList();
  }
}
