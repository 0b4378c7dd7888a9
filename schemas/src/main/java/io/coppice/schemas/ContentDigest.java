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
    return d.finish();
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
        .probeDensity(m.getProbeDensity())
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
      text(layer.getName()).integer(layer.getShape().size());
      layer.getShape().forEach(this::integer);
      integer(layer.getKept()).bytes(layer.getBitmap());
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
        .integer(figures.getRemoved().size());
    figures.getRemoved().forEach(this::integer);
    integer(figures.getRegrown().size());
    figures.getRegrown().forEach(this::integer);
    return text(figures.getStopReason());
  }

  private ContentDigest policy(List<PolicyFigure> figures) {
    if (!figures.isEmpty()) {
      field("figures").integer(figures.size());
      figures.forEach(figure -> text(figure.getName()).real(figure.getValue()));
    }
    return this;
  }

  private ContentDigest probeDensity(Double density) {
    return density == null ? this : field("probeDensity").real(density);
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
    if (cost == null) {
      return this;
    }
    text(cost.getName())
        .real(cost.getFixedSeconds())
        .real(cost.getCommunicationSecondsPerWeight())
        .integer(cost.getComputationSecondsPerWeight().size());
    cost.getComputationSecondsPerWeight().forEach(this::real);
    return cost.getFleetQuantile() == null ? integer(0) : integer(1).real(cost.getFleetQuantile());
  }

  /** Begins a field that nothing stands for where it is not set; no text has the length -1, so it is not taken for another one. */
  private ContentDigest field(String name) {
    return integer(-1).text(name);
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
