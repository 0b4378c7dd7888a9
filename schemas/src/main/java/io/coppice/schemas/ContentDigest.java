package io.coppice.schemas;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;

/**
 * SHA-256 of a record's content: its fields in a written order, each in one unambiguous form, so that the digest survives a
 * change of schema or encoding. The order is that of the methods below and of {@code docs/log-format.md}: integers big-endian,
 * doubles by their bits, texts and byte strings behind their length, lists behind their count.
 */
public final class ContentDigest {

  /** Bytes of a digest. */
  public static final int BYTES = 32;

  private final MessageDigest sha256;
  private final ByteBuffer number = ByteBuffer.allocate(Long.BYTES);

  private ContentDigest(String kind) {
    sha256 = newSha256();
    text("coppice." + kind);
  }

  /** SHA-256 of plain bytes, such as the encoded values of a shard. */
  public static ByteBuffer ofBytes(ByteBuffer bytes) {
    MessageDigest digest = newSha256();
    digest.update(bytes.duplicate());
    return ByteBuffer.wrap(digest.digest());
  }

  /** Content digest of a submission; it covers every field but the signature, and is what the agent signs. */
  public static ByteBuffer of(UpdateSubmitted s) {
    ContentDigest d =
        new ContentDigest("UpdateSubmitted")
            .text(s.getRunId())
            .integer(s.getRound())
            .text(s.getAgentId())
            .integer(s.getMaskVersion())
            .integer(s.getWeight())
            .real(s.getTrainLoss())
            .real(s.getTrainSeconds())
            .integer(s.getPayloadBytes())
            .integer(s.getShards().size());
    for (ShardDigest shard : s.getShards()) {
      d.text(shard.getKind().name())
          .integer(shard.getShard())
          .integer(shard.getValueCount())
          .bytes(shard.getSha256());
    }
    List<LayerMask> mask = s.getProposedMask();
    (mask == null ? d.integer(-1) : d.masks(mask)).probe(s.getProbe());
    return d.finish();
  }

  /** Content digest of a closed round; it covers every field but the digest itself, and so the predecessor's digest. */
  public static ByteBuffer of(String runId, RoundClosed c) {
    ContentDigest d =
        new ContentDigest("RoundClosed")
            .text(runId)
            .integer(c.getRound())
            .integer(c.getMaskVersion())
            .integer(c.getImportance() ? 1 : 0)
            .text(c.getReason().name())
            .integer(c.getDeltaShards())
            .integer(c.getImportanceShards())
            .text(c.getEncoding().name())
            .integer(c.getClosedAt().toEpochMilli())
            .bytes(c.getPreviousDigest())
            .integer(c.getContributors().size());
    for (Contributor contributor : c.getContributors()) {
      d.text(contributor.getAgentId())
          .integer(contributor.getWeight())
          .bytes(contributor.getSubmissionDigest());
    }
    // Rounds that were closed before there were these fields have no trace of them.
    return d.commitment("eventsDigest", c.getEventsDigest())
        .commitment("maskDigest", c.getMaskDigest())
        .commitment("aggregatesDigest", c.getAggregatesDigest())
        .finish();
  }

  /** Content digest of a run's end; it covers every field but the digest itself, and so the last round's digest. */
  public static ByteBuffer of(String runId, RunFinished f) {
    return new ContentDigest("RunFinished")
        .text(runId)
        .integer(f.getRounds())
        .integer(f.getFinishedAt().toEpochMilli())
        .bytes(f.getPreviousDigest())
        .bytes(f.getEventsDigest())
        .bytes(f.getAggregatesDigest())
        .finish();
  }

  /**
   * Content digest of an entry of the ledger.
   *
   * @throws IllegalArgumentException if the event is of no known type
   */
  public static ByteBuffer of(LedgerEntry entry) {
    String runId = entry.getRunId();
    return switch (entry.getEvent()) {
      case RoundClosed closed -> of(runId, closed);
      case RunFinished finished -> of(runId, finished);
      case RunAccepted accepted ->
          new ContentDigest("RunAccepted")
              .text(runId)
              .bytes(accepted.getDefinitionDigest())
              .integer(accepted.getAcceptedAt().toEpochMilli())
              .finish();
      case AgentAccepted agent ->
          new ContentDigest("AgentAccepted")
              .text(runId)
              .text(agent.getAgentId())
              .bytes(agent.getPublicKey())
              .integer(agent.getSampleCount())
              .integer(agent.getMaxWeight())
              .integer(agent.getAcceptedAt().toEpochMilli())
              .finish();
      case RoundOpened opened -> of(runId, opened);
      case UpdateRejected rejected ->
          new ContentDigest("UpdateRejected")
              .text(runId)
              .integer(rejected.getRound())
              .text(rejected.getAgentId())
              .bytes(rejected.getSubmissionDigest())
              .text(rejected.getReason().name())
              .text(rejected.getDetail())
              .finish();
      case RunStopped stopped ->
          new ContentDigest("RunStopped")
              .text(runId)
              .integer(stopped.getRound())
              .text(stopped.getReason())
              .text(stopped.getIssuer())
              .integer(stopped.getStoppedAt().toEpochMilli())
              .finish();
      case RunResumed resumed ->
          new ContentDigest("RunResumed")
              .text(runId)
              .integer(resumed.getRound())
              .text(resumed.getReason())
              .text(resumed.getIssuer())
              .integer(resumed.getResumedAt().toEpochMilli())
              .finish();
      default ->
          throw new IllegalArgumentException(
              "unknown ledger event " + entry.getEvent().getClass().getSimpleName());
    };
  }

  private static ByteBuffer of(String runId, RoundOpened opened) {
    ContentDigest d =
        new ContentDigest("RoundOpened")
            .text(runId)
            .integer(opened.getRound())
            .integer(opened.getMaskVersion())
            .integer(opened.getImportance() ? 1 : 0)
            .integer(opened.getParticipants().size());
    opened.getParticipants().forEach(d::text);
    return d.integer(opened.getOpenedAt().toEpochMilli())
        .integer(opened.getDeadlineAt().toEpochMilli())
        .finish();
  }

  /**
   * One link of a chain over entries of the ledger: SHA-256 of the chain so far and the entry's content digest.
   *
   * @param chain the chain so far; empty before the first entry
   * @return the chain with the entry, 32 bytes
   */
  public static ByteBuffer chained(ByteBuffer chain, LedgerEntry entry) {
    return ofAll(List.of(chain, of(entry)));
  }

  /** SHA-256 over byte strings, one behind the other, such as the digests of a round's aggregates. */
  public static ByteBuffer ofAll(Iterable<ByteBuffer> strings) {
    MessageDigest digest = newSha256();
    strings.forEach(bytes -> digest.update(bytes.duplicate()));
    return ByteBuffer.wrap(digest.digest());
  }

  /** Content digest of a run's definition; it covers every field. */
  public static ByteBuffer of(TrainingRun r) {
    ContentDigest d =
        new ContentDigest("TrainingRun")
            .text(r.getRunId())
            .integer(r.getCreatedAt().toEpochMilli())
            .integer(r.getSeed())
            .text(r.getArchitecture().getNetwork())
            .integers(r.getArchitecture().getInputShape())
            .integer(r.getArchitecture().getClasses())
            .text(r.getLoss().name())
            .integer(r.getTraining().getLocalSteps())
            .integer(r.getTraining().getBatchSize())
            .real(r.getTraining().getLearningRate())
            .real(r.getTraining().getLearningRateDecay())
            .integer(r.getRounds())
            .participation(r.getParticipation())
            .pruning(r.getPruning())
            .initialPruning(r.getInitialPruning())
            .integer(r.getEvaluation().getEvery())
            .text(r.getEvaluation().getMode().name())
            .coefficients(r.getCost())
            .text(r.getEncoding().getDelta().name())
            .text(r.getEncoding().getImportance().name())
            .text(r.getEncoding().getAggregate().name())
            .integer(r.getShardValues())
            .integer(r.getCheckpointEvery());
    if (r.getInitialSeed() != null) {
      d.field("initialSeed").integer(r.getInitialSeed());
    }
    if (r.getStart() != null) {
      d.field("start")
          .text(r.getStart().getRunId())
          .integer(r.getStart().getVersion())
          .bytes(r.getStart().getDigest());
    }
    if (r.getSignatures() != SignatureRule.REQUIRED) {
      d.field("signatures").text(r.getSignatures().name());
    }
    if (r.getTrustedKeys() != null) {
      d.field("trustedKeys").integer(r.getTrustedKeys().size());
      r.getTrustedKeys().forEach(key -> d.text(key.getAgentId()).bytes(key.getPublicKey()));
    }
    return d.finish();
  }

  private ContentDigest participation(Participation p) {
    integer(p.getExpectedAgents()).integer(p.getQuorum()).integer(p.getDeadlineMillis());
    return p.getParticipants() == null ? this : field("participants").integer(p.getParticipants());
  }

  private ContentDigest pruning(PruningPolicy p) {
    text(p.getPolicy())
        .integer(p.getReconfigureEvery())
        .real(p.getMaxDecrease())
        .real(p.getHalfLife())
        .optional("maxDensity", p.getMaxDensity())
        .text(p.getRegrow().name())
        .text(p.getImportance().name())
        .optional("targetDensity", p.getTargetDensity());
    DecisionSchedule decisions = p.getDecisions();
    if (decisions != null) {
      field("decisions")
          .integer(decisions.getFirst())
          .integer(decisions.getEvery())
          .integer(decisions.getLast())
          .text(decisions.getUpload().name());
    }
    return optional("importanceShare", p.getImportanceShare());
  }

  private ContentDigest initialPruning(InitialPruning i) {
    return i == null
        ? this
        : field("initialPruning")
            .integer(i.getSamples())
            .integer(i.getMaxRounds())
            .integer(i.getEvaluateEvery())
            .integer(i.getDecideEvery())
            .real(i.getStartAccuracy())
            .real(i.getStableTolerance())
            .integer(i.getStableDecisions())
            .integer(i.getDeadlineMillis());
  }

  private ContentDigest coefficients(CostCoefficients cost) {
    text(cost.getName())
        .real(cost.getFixedSeconds())
        .real(cost.getCommunicationSecondsPerWeight())
        .integer(cost.getComputationSecondsPerWeight().size());
    cost.getComputationSecondsPerWeight().forEach(this::real);
    return cost.getFleetQuantile() == null ? integer(0) : integer(1).real(cost.getFleetQuantile());
  }

  /** Content digest of an aggregate's shard; it covers every field but the digest itself. */
  public static ByteBuffer of(AggregateShard a) {
    ContentDigest d =
        new ContentDigest("AggregateShard")
            .text(a.getRunId())
            .integer(a.getRound())
            .integer(a.getMaskVersion())
            .text(a.getKind().name())
            .integer(a.getShard())
            .integer(a.getShards())
            .text(a.getEncoding().name())
            .integer(a.getValueCount())
            .bytes(a.getValues())
            .integer(a.getTotalWeight())
            .integer(a.getContributions().size());
    for (Contribution contribution : a.getContributions()) {
      d.text(contribution.getAgentId()).integer(contribution.getOffset());
    }
    return d.finish();
  }

  /** Content digest of a mask; it covers every field but the digest itself. */
  public static ByteBuffer of(MaskPublished m) {
    ContentDigest d =
        new ContentDigest("MaskPublished")
            .text(m.getRunId())
            .integer(m.getVersion())
            .integer(m.getEffectiveRound())
            .text(m.getOrigin().name())
            .masks(m.getLayers())
            .integer(m.getActiveParameters())
            .real(m.getDensity());
    // Masks that were published before there were the last three fields have no trace of them.
    return d.figures(m.getDecision())
        .cost(m.getCost())
        .policy(m.getFigures())
        .optional("probeDensity", m.getProbeDensity())
        .finish();
  }

  /** Content digest of a checkpoint's shard; it covers every field but the digest itself. */
  public static ByteBuffer of(CheckpointShard c) {
    ContentDigest d =
        new ContentDigest("CheckpointShard")
            .text(c.getRunId())
            .integer(c.getRound())
            .integer(c.getMaskVersion())
            .integer(c.getShard())
            .integer(c.getShards())
            .integer(c.getValueCount())
            .bytes(c.getValues())
            .integer(c.getAggregatePositions().size());
    c.getAggregatePositions().forEach(d::integer);
    return d.finish();
  }

  private ContentDigest masks(List<LayerMask> layers) {
    integer(layers.size());
    for (LayerMask layer : layers) {
      text(layer.getName())
          .integers(layer.getShape())
          .integer(layer.getKept())
          .bytes(layer.getBitmap());
    }
    return this;
  }

  private ContentDigest figures(MaskDecisionFigures figures) {
    if (figures == null) {
      return integer(0);
    }
    integer(1)
        .real(figures.getDecrease())
        .real(figures.getObjectiveBefore())
        .real(figures.getObjectiveAfter())
        .integers(figures.getRemoved())
        .integers(figures.getRegrown());
    return text(figures.getStopReason());
  }

  private ContentDigest policy(List<PolicyFigure> figures) {
    if (!figures.isEmpty()) {
      field("figures").integer(figures.size());
      figures.forEach(figure -> text(figure.getName()).real(figure.getValue()));
    }
    return this;
  }

  private ContentDigest probe(ProbeLosses probe) {
    return probe == null
        ? this
        : field("probe")
            .integer(probe.getSamples())
            .real(probe.getPrevious())
            .real(probe.getCurrent())
            .real(probe.getSmaller());
  }

  private ContentDigest cost(CostCoefficients cost) {
    return cost == null ? this : coefficients(cost);
  }

  private ContentDigest optional(String name, Double value) {
    return value == null ? this : field(name).real(value);
  }

  private ContentDigest commitment(String name, ByteBuffer digest) {
    return digest.hasRemaining() ? field(name).bytes(digest) : this;
  }

  /** Begins a field that nothing stands for where it is not set; no text has the length -1, so it is not taken for another one. */
  private ContentDigest field(String name) {
    return integer(-1).text(name);
  }

  private ContentDigest integers(List<Integer> values) {
    integer(values.size());
    values.forEach(this::integer);
    return this;
  }

  private ContentDigest integer(long value) {
    sha256.update(number.clear().putLong(value).flip());
    return this;
  }

  private ContentDigest real(double value) {
    return integer(Double.doubleToLongBits(value));
  }

  private ContentDigest text(String value) {
    return bytes(ByteBuffer.wrap(value.getBytes(StandardCharsets.UTF_8)));
  }

  private ContentDigest bytes(ByteBuffer value) {
    integer(value.remaining());
    sha256.update(value.duplicate());
    return this;
  }

  private ByteBuffer finish() {
    return ByteBuffer.wrap(sha256.digest());
  }

  private static MessageDigest newSha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
  }
}
