package io.coppice.console.ring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.coppice.audit.explain.DecisionFacts;
import io.coppice.audit.explain.Explanation;
import io.coppice.audit.explain.LayerDecision;
import io.coppice.audit.explain.LayerDetail;
import io.coppice.audit.explain.MaskHistory;
import io.coppice.audit.explain.Recomputation;
import io.coppice.audit.explain.Recomputation.Outcome;
import io.coppice.audit.explain.RoundExplainer;
import io.coppice.audit.explain.RoundFacts;
import io.coppice.audit.explain.UnknownSubjectException;
import io.coppice.console.explain.ExplanationJson;
import io.coppice.console.explain.ExplanationText;
import io.coppice.console.ring.RunLog.At;
import io.coppice.learning.data.Dataset;
import io.coppice.learning.data.Datasets;
import io.coppice.learning.data.Split;
import io.coppice.learning.model.ParameterTensor;
import io.coppice.pruning.MaskPolicy;
import io.coppice.replay.EvidenceSource;
import io.coppice.replay.KafkaEvidence;
import io.coppice.replay.LogRecord;
import io.coppice.replay.LogTensors;
import io.coppice.replay.RecordCursor;
import io.coppice.replay.RunDefinition;
import io.coppice.replay.RunModel;
import io.coppice.replay.TransactionalWriter;
import io.coppice.schemas.AgentJoined;
import io.coppice.schemas.AggregateShard;
import io.coppice.schemas.CloseReason;
import io.coppice.schemas.LayerMask;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.MaskDecisionFigures;
import io.coppice.schemas.MaskOrigin;
import io.coppice.schemas.MaskPublished;
import io.coppice.schemas.Participation;
import io.coppice.schemas.RejectReason;
import io.coppice.schemas.RoundClosed;
import io.coppice.schemas.ShardKind;
import io.coppice.schemas.Signatures;
import io.coppice.schemas.Topic;
import io.coppice.schemas.TrainingRun;
import io.coppice.schemas.UpdateSubmitted;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.apache.avro.specific.SpecificRecord;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is explained of real runs, against what their records say when they are read by hand. */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class ExplainTest {

  private static final Path MNIST = Path.of("..", "data", "mnist");
  private static final int DECIDED = 4;

  @TempDir private static Path streams;

  private static Ring ring;

  /** A finished run of prunefl, masks decided after rounds 2, 4 and 6. */
  private static RunLog prunefl;

  @BeforeAll
  static void open() throws Exception {
    Dataset train = Datasets.open(MNIST, Split.TRAIN);
    Dataset test = Datasets.open(MNIST, Split.TEST);
    ring = new Ring(first(400, train), first(50, test), streams);
    prunefl =
        finish(
            scheduled(
                TestRuns.small(
                    "explained", 7, new Participation(3, 3, TestRuns.NO_DEADLINE, null))),
            3);
  }

  @AfterAll
  static void close() {
    ring.close();
  }

  private static Dataset first(int count, Dataset data) {
    return data.subset(IntStream.range(0, count).toArray());
  }

  private static TrainingRun scheduled(TrainingRun.Builder run) {
    MaskPolicy policy = MaskPolicy.named(run.getPruning().getPolicy());
    TrainingRun draft = run.build();
    policy.check(draft);
    run.getPruning().setDecisions(policy.schedule(draft));
    return run.build();
  }

  private static RunLog finish(TrainingRun run, int agents) throws Exception {
    RunDefinition definition = ring.define(run);
    for (int a = 0; a < agents; a++) {
      ring.startAgent(definition, "agent-" + a);
    }
    return ring.finish(definition);
  }

  /** The log with some records altered, or left out; whoever reads updates fails. */
  private static final class Altered implements EvidenceSource {
    private final EvidenceSource log = new KafkaEvidence(ring.cluster(), ring.serdes());
    private final UnaryOperator<SpecificRecord> change;

    /**
     * @param change gives null for what is left out
     */
    Altered(UnaryOperator<SpecificRecord> change) {
      this.change = change;
    }

    @Override
    public List<RunDefinition> runs() {
      return log.runs();
    }

    @Override
    public int partitions(Topic topic) {
      return log.partitions(topic);
    }

    @Override
    public RecordCursor read(RunDefinition run, Topic topic, int partition) {
      return readFrom(run, topic, partition, 0);
    }

    @Override
    public RecordCursor readFrom(RunDefinition run, Topic topic, int partition, long offset) {
      assertThat(topic).isNotEqualTo(Topic.UPDATES);
      RecordCursor records = log.readFrom(run, topic, partition, offset);
      return new RecordCursor() {
        @Override
        public Optional<LogRecord> next() {
          for (var record = records.next(); record.isPresent(); record = records.next()) {
            LogRecord r = record.get();
            SpecificRecord value = change.apply(r.value());
            if (value != null) {
              return Optional.of(
                  new LogRecord(
                      r.topic(),
                      r.partition(),
                      r.offset(),
                      r.timestamp(),
                      r.key(),
                      value,
                      r.fault(),
                      r.bytes()));
            }
          }
          return Optional.empty();
        }

        @Override
        public void close() {
          records.close();
        }
      };
    }

    @Override
    public void close() {
      log.close();
    }
  }

  private static Explanation explain(RunDefinition run, int round, String layer) {
    return explain(run, round, layer, value -> value);
  }

  private static Explanation explain(
      RunDefinition run, int round, String layer, UnaryOperator<SpecificRecord> change) {
    try (EvidenceSource source = new Altered(change)) {
      return new RoundExplainer(source, run)
          .explain(OptionalInt.of(round), Optional.ofNullable(layer));
    }
  }

  private static String text(Explanation explanation) {
    StringWriter text = new StringWriter();
    ExplanationText.print(explanation, new PrintWriter(text));
    assertThat(text.toString().lines()).allMatch(line -> line.length() <= 100);
    return text.toString().replaceAll("\\s+", " "); // wherever its lines break
  }

  private static MaskPublished maskFrom(RunLog log, int effectiveRound) {
    return log.masks.stream()
        .filter(mask -> mask.getEffectiveRound() == effectiveRound)
        .findFirst()
        .orElseThrow();
  }

  private static boolean bit(LayerMask layer, int index) {
    return (layer.getBitmap().get(index / 8) >> index % 8 & 1) == 1;
  }

  /** The aggregated upload of a round, put together shard by shard. */
  private static float[] upload(RunLog log, int round) {
    float[] vector = new float[log.run().layout().size()];
    List<AggregateShard> shards =
        log.aggregates.stream()
            .map(At::value)
            .filter(s -> s.getKind() == ShardKind.IMPORTANCE && s.getRound() == round)
            .sorted(Comparator.comparingInt(AggregateShard::getShard))
            .toList();
    int next = 0;
    for (AggregateShard shard : shards) {
      LogTensors.encoding(shard.getEncoding())
          .decode(shard.getValues(), vector, next, shard.getValueCount());
      next += shard.getValueCount();
    }
    assertThat(next).isEqualTo(vector.length);
    return vector;
  }

  @Test
  void aRoundNamesItsContributorsWithTheirSharesAndWhatTheyHaveSubmitted() {
    Explanation explanation = explain(prunefl.run(), DECIDED, null);
    RoundClosed closed =
        prunefl.closed().stream().filter(c -> c.getRound() == DECIDED).findFirst().orElseThrow();
    RoundFacts facts = explanation.facts();
    assertThat(facts.asked()).containsExactly("agent-0", "agent-1", "agent-2");
    assertThat(facts.silent()).isEmpty();
    assertThat(facts.rejections()).isEmpty();
    assertThat(facts.openings()).hasSize(1);
    assertThat(facts.closing().reason()).isEqualTo(CloseReason.ALL_REPORTED);
    assertThat(facts.closing().closedAt()).isEqualTo(closed.getClosedAt());
    assertThat(facts.closing().uploads()).isTrue();
    long bytes = 0;
    for (RoundFacts.Contribution contribution : facts.contributions()) {
      UpdateSubmitted submission =
          prunefl.submissions.stream()
              .filter(s -> s.getRound() == DECIDED && s.getAgentId().equals(contribution.agent()))
              .findFirst()
              .orElseThrow();
      assertThat(contribution.weight()).isEqualTo(10);
      assertThat(contribution.share()).isCloseTo(1.0 / 3, within(1e-12));
      assertThat(contribution.trainLoss()).isEqualTo(submission.getTrainLoss());
      assertThat(contribution.trainSeconds()).isEqualTo(submission.getTrainSeconds());
      assertThat(contribution.signed()).isTrue();
      bytes += submission.getPayloadBytes();
    }
    assertThat(facts.contributions()).hasSize(3);
    assertThat(facts.totalWeight()).isEqualTo(30);
    assertThat(facts.payloadBytes()).isEqualTo(bytes).isPositive();
    assertThat(explanation.previousDecision()).isEqualTo(2);
    assertThat(explanation.nextDecision()).isEqualTo(6);
  }

  @Test
  void aDecisionIsMadeAgainAndSetBesideTheImportanceThatItSaw() {
    Explanation explanation = explain(prunefl.run(), DECIDED, null);
    DecisionFacts decision = explanation.decision();
    MaskPublished published = maskFrom(prunefl, DECIDED + 1);
    MaskDecisionFigures figures = published.getDecision();
    assertThat(decision.recomputation())
        .isEqualTo(new Recomputation(Outcome.SAME, List.of(), null));
    assertThat(decision.version()).isEqualTo(published.getVersion());
    assertThat(decision.stopReason()).isEqualTo(figures.getStopReason());
    assertThat(decision.objectiveBefore()).isEqualTo(figures.getObjectiveBefore());
    assertThat(decision.objectiveAfter()).isEqualTo(figures.getObjectiveAfter());
    for (int l = 0; l < decision.layers().size(); l++) {
      assertThat(decision.layers().get(l).removed()).isEqualTo(figures.getRemoved().get(l));
      assertThat(decision.layers().get(l).regrown()).isEqualTo(figures.getRegrown().get(l));
    }
    assertThat(decision.layers()).anyMatch(layer -> layer.removed() > 0);

    float[] importance = upload(prunefl, DECIDED);
    MaskPublished before = prunefl.masks.get(explanation.mask().version());
    for (int l = 0; l < decision.layers().size(); l++) {
      theSumsOfALayerAreThoseOfItsWeights(
          decision.layers().get(l),
          prunefl.run().layout().prunable().get(l),
          before.getLayers().get(l),
          published.getLayers().get(l),
          importance,
          decision.objectiveAfter());
    }
    // The objective is importance over seconds: the figures of the explanation lead to those of the
    // log.
    assertThat(decision.importance().before() / decision.cost().secondsBefore())
        .isCloseTo(figures.getObjectiveBefore(), within(1e-9 * figures.getObjectiveBefore()));
    assertThat(decision.importance().after() / decision.cost().secondsAfter())
        .isCloseTo(figures.getObjectiveAfter(), within(1e-9 * figures.getObjectiveAfter()));
    assertThat(decision.cost().measured()).isFalse();
    assertThat(decision.cost().secondsAfter()).isLessThan(decision.cost().secondsBefore());
  }

  private static void theSumsOfALayerAreThoseOfItsWeights(
      LayerDecision layer,
      ParameterTensor weight,
      LayerMask before,
      LayerMask after,
      float[] importance,
      double objective) {
    double[] sums = new double[4];
    int[] counts = new int[4];
    double mostDropped = Double.NEGATIVE_INFINITY;
    double leastKept = Double.POSITIVE_INFINITY;
    for (int i = 0; i < weight.size(); i++) {
      int fate = (bit(before, i) ? 2 : 0) + (bit(after, i) ? 1 : 0);
      double value = importance[weight.offset() + i];
      sums[fate] += value;
      counts[fate]++;
      if (bit(after, i)) {
        leastKept = Math.min(leastKept, value);
      } else {
        mostDropped = Math.max(mostDropped, value);
      }
    }
    LayerDecision.ByFate seen = layer.measures().get("importance");
    assertThat(seen.pruned().count()).isEqualTo(counts[0]);
    assertThat(seen.pruned().sum()).isEqualTo(sums[0]);
    assertThat(seen.regrown().count()).isEqualTo(counts[1]);
    assertThat(seen.regrown().sum()).isEqualTo(sums[1]);
    assertThat(seen.removed().count()).isEqualTo(counts[2]);
    assertThat(seen.removed().sum()).isEqualTo(sums[2]);
    assertThat(seen.kept().count() + seen.retained().count()).isEqualTo(counts[3]);
    assertThat(seen.kept().sum() + seen.retained().sum())
        .isCloseTo(sums[3], within(1e-9 * (1 + sums[3])));
    assertThat(layer.threshold().leastKept()).isEqualTo(leastKept / layer.secondsPerWeight());
    if (counts[0] + counts[2] > 0) {
      assertThat(layer.threshold().mostDropped()).isEqualTo(mostDropped / layer.secondsPerWeight());
      assertThat(layer.threshold().mostDropped()).isLessThanOrEqualTo(objective * (1 + 1e-9));
    }
    if (seen.retained().count() + seen.regrown().count() > 0) {
      assertThat(layer.threshold().leastTaken())
          .isGreaterThanOrEqualTo(layer.threshold().leastKept())
          .isGreaterThanOrEqualTo(objective * (1 - 1e-9));
    }
  }

  @Test
  void aLayerIsToldUnitByUnitAndByItsMostImportantWeights() {
    ParameterTensor weight = prunefl.run().layout().prunable().get(1);
    Explanation explanation = explain(prunefl.run(), DECIDED, weight.layer());
    LayerDetail layer = explanation.layer();
    LayerMask before = prunefl.masks.get(explanation.mask().version()).getLayers().get(1);
    LayerMask after = maskFrom(prunefl, DECIDED + 1).getLayers().get(1);
    float[] importance = upload(prunefl, DECIDED);
    float[] model =
        RunModel.after(DECIDED, ring.cluster(), ring.serdes(), prunefl.run())
            .orElseThrow()
            .parameters();
    int inputs = weight.shape().get(1);
    assertThat(layer.measure()).isEqualTo("importance");
    assertThat(layer.units()).hasSize(weight.shape().getFirst());
    List<Integer> removed = new ArrayList<>();
    for (LayerDetail.Unit unit : layer.units()) {
      int was = 0;
      int is = 0;
      double sum = 0;
      for (int i = unit.unit() * inputs; i < (unit.unit() + 1) * inputs; i++) {
        was += bit(before, i) ? 1 : 0;
        is += bit(after, i) ? 1 : 0;
        sum += importance[weight.offset() + i];
        if (bit(before, i) && !bit(after, i)) {
          removed.add(i);
        }
      }
      assertThat(unit).isEqualTo(new LayerDetail.Unit(unit.unit(), was, is, sum));
    }
    removed.sort(
        Comparator.comparingDouble((Integer i) -> -importance[weight.offset() + i])
            .thenComparingInt(i -> i));
    assertThat(layer.removed())
        .extracting(LayerDetail.Weight::index)
        .containsExactlyElementsOf(removed.subList(0, Math.min(5, removed.size())))
        .isNotEmpty();
    for (LayerDetail.Weight w : layer.removed()) {
      assertThat(w.at()).containsExactly(w.index() / inputs, w.index() % inputs);
      assertThat(w.value()).isEqualTo(model[weight.offset() + w.index()]);
      assertThat(w.perSecond()).isEqualTo(w.measure() / w.seconds());
    }
    assertThat(text(explanation))
        .contains("Layer " + weight.layer(), "The removed weights of the largest importance");
  }

  @Test
  void theTextSaysWhatMatters() {
    assertThat(text(explain(prunefl.run(), DECIDED, null)))
        .contains("Round 4 of run explained: network mlp, policy prunefl, rounds 0 to 6")
        .contains("because all had reported")
        .contains("Of 3 agents asked 3 contributed; updates rejected: none; nobody was silent.")
        .contains("33.3 %")
        .contains("Decided after this round: mask 2, in force from round 5")
        .contains("computed again it is the same, bit for bit")
        .contains("the decision before it is after round 2, the next one after round 6.");
    assertThat(text(explain(prunefl.run(), 3, "fc1")))
        .contains("No mask was decided after this round; the decision before it is after round 2")
        .contains("Mask in force: version 1 since round 3, decided after round 2");
  }

  @Test
  void theJsonHasEverythingUnderTheNamesOfTheRecords() throws Exception {
    JsonNode json =
        new ObjectMapper().readTree(ExplanationJson.of(explain(prunefl.run(), DECIDED, "fc2")));
    assertThat(json.at("/run").textValue()).isEqualTo("explained");
    assertThat(Instant.parse(json.at("/facts/openings/0/openedAt").textValue()))
        .isBefore(Instant.parse(json.at("/facts/closing/closedAt").textValue()));
    assertThat(json.at("/facts/contributions")).hasSize(3);
    assertThat(json.at("/decision/recomputation/outcome").textValue()).isEqualTo("SAME");
    assertThat(json.at("/decision/layers/0/measures/importance/kept/sum").isNumber()).isTrue();
    assertThat(json.at("/layer/units/0/before").isInt()).isTrue();
    assertThat(json.at("/history/masks")).hasSize(prunefl.masks.size());
    assertThat(json.at("/history/masks/0/active").isMissingNode()).isTrue();
  }

  @Test
  void theHistoryHasEveryMaskByBinsOfUnits() {
    MaskHistory history = explain(prunefl.run(), 0, null).history();
    assertThat(history.masks())
        .extracting(MaskHistory.Entry::effectiveRound)
        .containsExactly(0, 3, 5, 7);
    for (int m = 0; m < history.masks().size(); m++) {
      LayerMask logged = prunefl.masks.get(m).getLayers().getFirst();
      MaskHistory.Layer layer = history.layers().getFirst();
      float[] active = history.masks().get(m).active()[0];
      assertThat(active).hasSize(Math.min(layer.units(), 64));
      int inputs = logged.getShape().get(1);
      for (int b = 0; b < active.length; b++) {
        int count = 0;
        for (int i = layer.from(b) * inputs; i < layer.from(b + 1) * inputs; i++) {
          count += bit(logged, i) ? 1 : 0;
        }
        assertThat(active[b])
            .isEqualTo((float) count / ((layer.from(b + 1) - layer.from(b)) * inputs));
      }
    }
  }

  @Test
  void theInitialMaskIsThatOfThePolicy() {
    Explanation explanation = explain(prunefl.run(), 0, null);
    assertThat(explanation.mask().origin()).isEqualTo(MaskOrigin.INITIAL);
    assertThat(explanation.mask().initial().check().outcome()).isEqualTo(Outcome.SAME);
    assertThat(explanation.decision()).isNull();
    assertThat(explanation.previousDecision()).isNull();
    assertThat(explanation.nextDecision()).isEqualTo(2);
  }

  @Test
  void aMaskThatWasTamperedWithIsNotWhatIsDecidedAgain() {
    UnaryOperator<SpecificRecord> flipped =
        value ->
            value instanceof MaskPublished mask && mask.getEffectiveRound() == DECIDED + 1
                ? withOneBitFlipped(mask)
                : value;
    Explanation explanation = explain(prunefl.run(), DECIDED, null, flipped);
    assertThat(explanation.decision().recomputation().outcome()).isEqualTo(Outcome.DIFFERENT);
    assertThat(explanation.decision().recomputation().differences()).containsExactly("layers");
    assertThat(text(explanation)).contains("IT IS NOT WHAT IT SHOULD BE: layers");
  }

  private static MaskPublished withOneBitFlipped(MaskPublished mask) {
    LayerMask layer = mask.getLayers().getFirst();
    byte[] bitmap = new byte[layer.getBitmap().remaining()];
    layer.getBitmap().duplicate().get(bitmap);
    int kept = layer.getKept() + ((bitmap[0] & 1) == 1 ? -1 : 1);
    bitmap[0] ^= 1;
    List<LayerMask> layers = new ArrayList<>(mask.getLayers());
    layers.set(
        0, LayerMask.newBuilder(layer).setKept(kept).setBitmap(ByteBuffer.wrap(bitmap)).build());
    return MaskPublished.newBuilder(mask).setLayers(layers).build();
  }

  @Test
  void whatTheLogDoesNotLeadToIsSaidAndTheRestIsStillTold() {
    UnaryOperator<SpecificRecord> withoutAnAggregate =
        value -> value instanceof AggregateShard shard && shard.getRound() == 1 ? null : value;
    Explanation explanation = explain(prunefl.run(), DECIDED, null, withoutAnAggregate);
    assertThat(explanation.facts().contributions()).hasSize(3);
    assertThat(explanation.decision().recomputation().outcome()).isEqualTo(Outcome.IMPOSSIBLE);
    assertThat(explanation.decision().layers())
        .allMatch(layer -> layer.measures().isEmpty() && layer.threshold() == null);
    assertThat(text(explanation))
        .contains(
            "cannot be computed again: the log does not hold all that round 1 of run explained");
  }

  @Test
  void aMaskThatNoPolicyHasDecidedIsNotInItsPlace() {
    UnaryOperator<SpecificRecord> early =
        value ->
            value instanceof MaskPublished mask && mask.getEffectiveRound() == DECIDED + 1
                ? MaskPublished.newBuilder(mask).setEffectiveRound(DECIDED).build()
                : value;
    Explanation explanation = explain(prunefl.run(), DECIDED - 1, null, early);
    assertThat(explanation.decisionDue()).isFalse();
    assertThat(explanation.decision().recomputation().outcome()).isEqualTo(Outcome.DIFFERENT);
    assertThat(explanation.decision().recomputation().differences())
        .containsExactly("effectiveRound");
  }

  @Test
  void unknownRoundsAndLayersAreAnsweredWithWhatThereIs() {
    assertThatThrownBy(() -> explain(prunefl.run(), 7, null))
        .isInstanceOf(UnknownSubjectException.class)
        .hasMessage("Run explained has closed rounds 0 to 6, so there is no round 7 to explain.");
    assertThatThrownBy(() -> explain(prunefl.run(), -1, null))
        .isInstanceOf(UnknownSubjectException.class);
    assertThatThrownBy(() -> explain(prunefl.run(), 2, "conv9"))
        .isInstanceOf(UnknownSubjectException.class)
        .hasMessage(
            "Network mlp of run explained has no prunable layer 'conv9': it has fc1, fc2, fc3.");
  }

  @Test
  void whoWasRejectedAndWhoWasSilentIsNamed() throws Exception {
    RunDefinition run =
        ring.define(
            scheduled(
                TestRuns.small("rejecting", 3, new Participation(4, 2, 6000L, null))
                    .setPruning(noPruning())));
    join(run, "agent-2");
    join(run, "agent-3");
    ring.startAgent(run, "agent-0");
    ring.startAgent(run, "agent-1");
    ring.await(run, "round 0", log -> log.open().isPresent());
    UpdateSubmitted greedy = new UpdateSubmitted();
    greedy.setRunId(run.id());
    greedy.setRound(0);
    greedy.setAgentId("agent-3");
    greedy.setMaskVersion(0);
    greedy.setWeight(1_000_000);
    greedy.setShards(List.of());
    greedy.setSignature(ByteBuffer.allocate(0));
    greedy.setSignature(Signatures.sign(greedy, ring.keys("agent-3").getPrivate()));
    try (TransactionalWriter writer =
        new TransactionalWriter(ring.cluster(), "agent-3", run.id())) {
      writer.begin();
      writer.sendByRun(Topic.SUBMISSIONS, ring.serdes().submissions, run.id(), greedy);
      writer.commit();
    }
    ring.finish(run);

    Explanation explanation = explain(run, 0, null);
    RoundFacts facts = explanation.facts();
    assertThat(facts.asked()).containsExactly("agent-0", "agent-1", "agent-2", "agent-3");
    assertThat(facts.contributions())
        .extracting(RoundFacts.Contribution::agent)
        .containsExactly("agent-0", "agent-1");
    assertThat(facts.silent()).containsExactly("agent-2");
    assertThat(facts.closing().reason()).isEqualTo(CloseReason.DEADLINE);
    assertThat(facts.rejections())
        .singleElement()
        .satisfies(
            rejection -> {
              assertThat(rejection.agent()).isEqualTo("agent-3");
              assertThat(rejection.asked()).isTrue();
              assertThat(rejection.reason()).isEqualTo(RejectReason.BAD_WEIGHT);
              assertThat(rejection.detail()).contains("not 1000000");
              assertThat(rejection.submission()).startsWith("submissions-");
            });
    assertThat(text(explanation))
        .contains("because the deadline had passed")
        .contains("2 contributed; updates rejected: 1; silent: agent-2.")
        .contains("agent-3: BAD_WEIGHT at ");
  }

  private static io.coppice.schemas.PruningPolicy noPruning() {
    var pruning = TestRuns.small("x", 3, new Participation(1, 1, 1L, null)).getPruning();
    pruning.setPolicy("none");
    return pruning;
  }

  private static void join(RunDefinition run, String agent) {
    AgentJoined joined =
        AgentJoined.newBuilder()
            .setRunId(run.id())
            .setAgentId(agent)
            .setJoinedAt(Instant.EPOCH)
            .setSampleCount(100)
            .setMaxWeight(100)
            .setPublicKey(Signatures.encode(ring.keys(agent).getPublic()))
            .build();
    try (TransactionalWriter writer = new TransactionalWriter(ring.cluster(), agent, run.id())) {
      writer.begin();
      writer.sendByRun(Topic.AGENTS, ring.serdes().agents, LogKeys.agent(run.id(), agent), joined);
      writer.commit();
    }
  }

  @Test
  void initialPruningIsTheProposalOfOneAgent() throws Exception {
    RunLog log =
        finish(
            scheduled(
                TestRuns.small("proposed", 2, new Participation(2, 2, TestRuns.NO_DEADLINE, null))
                    .setInitialPruning(TestRuns.initialPruning())),
            2);
    Explanation explanation = explain(log.run(), -1, null);
    assertThat(explanation.mask().initial().check().outcome()).isEqualTo(Outcome.SAME);
    DecisionFacts decision = explanation.decision();
    assertThat(decision.origin()).isEqualTo(MaskOrigin.INITIAL_PRUNING);
    assertThat(decision.proposedBy())
        .isEqualTo(log.closed().getFirst().getContributors().getFirst().getAgentId());
    assertThat(decision.recomputation().outcome()).isEqualTo(Outcome.SAME);
    assertThat(decision.densityBefore()).isEqualTo(1);
    assertThat(decision.densityAfter()).isEqualTo(maskFrom(log, 0).getDensity()).isLessThan(1);
    assertThat(decision.layers()).allMatch(l -> l.measures().keySet().equals(Set.of("magnitude")));
    assertThat(text(explanation)).contains("has arrived at in initial pruning");

    UnaryOperator<SpecificRecord> silent = value -> value instanceof UpdateSubmitted ? null : value;
    assertThat(explain(log.run(), -1, null, silent).decision().recomputation().outcome())
        .isEqualTo(Outcome.IMPOSSIBLE);
  }

  /** The last number is the round that is explained: not the first decision where the policy remembers. */
  @ParameterizedTest
  @CsvSource({
    "fedtiny, 0.3,  9, 2, gradient",
    "fedrts,  0.3,  9, 3, votes",
    "snip,    0.3,  3, 0, magnitude",
    "online,  ,    10, 7, magnitude"
  })
  void policiesWithoutImportanceTellWhatTheyHave(
      String policy, Double density, int rounds, int round, String measure) throws Exception {
    TrainingRun.Builder run =
        TestRuns.small(
            policy + "-told", rounds, new Participation(2, 2, TestRuns.NO_DEADLINE, null));
    run.getPruning().setPolicy(policy);
    run.getPruning().setTargetDensity(density);
    run.getPruning().setReconfigureEvery(1);
    RunLog log = finish(scheduled(run), 2);
    Explanation explanation = explain(log.run(), round, "fc2");
    DecisionFacts decision = explanation.decision();
    MaskPublished published = maskFrom(log, round + 1);
    assertThat(decision.recomputation().outcome()).isEqualTo(Outcome.SAME);
    assertThat(decision.importance()).isNull();
    assertThat(decision.figures()).hasSize(published.getFigures().size());
    assertThat(decision.layers())
        .allMatch(layer -> layer.measures().keySet().iterator().next().equals(measure))
        .allMatch(layer -> layer.measures().containsKey("magnitude"))
        .allMatch(layer -> layer.threshold() == null && layer.retained() == 0);
    if (policy.equals("fedrts")) {
      assertThat(decision.layers())
          .allMatch(layer -> layer.measures().get("votes").kept().most() <= 1);
    }
    if (policy.equals("online")) {
      assertThat(decision.probe()).isNotNull();
      assertThat(explanation.facts().contributions()).allMatch(c -> c.probe() != null);
    }
    assertThat(text(explanation)).contains("Policy " + policy + ": stopped by ");
  }
}
