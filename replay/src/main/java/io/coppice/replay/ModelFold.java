package io.coppice.replay;

import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterTensor;
import io.coppice.schemas.AggregateShard;
import io.coppice.schemas.ContentDigest;
import io.coppice.schemas.MaskPublished;
import io.coppice.schemas.ProbeLosses;
import io.coppice.schemas.Regrow;
import io.coppice.schemas.RoundClosed;
import io.coppice.schemas.ShardKind;
import io.coppice.schemas.UpdateSubmitted;
import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/**
 * The model of a run, folded from its records in whatever order they are read. It starts from a checkpoint and takes a round
 * when the round is closed and all its aggregates are there; a mask is applied when its effective round is reached.
 *
 * <p>A pruned parameter keeps the value it had; under {@link Regrow#LAST_VALUE} it goes on from there when it is active again,
 * under {@link Regrow#ZERO} from zero. Used by one thread.
 */
public final class ModelFold {

  /** Told of every round that is folded. */
  public interface Listener {
    /** The aggregate of a round has been added; the fold's mask is still the one that was in force in it. */
    void folded(FoldedRound round);
  }

  private final RunDefinition run;
  private final FoldDetail detail;
  private final Listener listener;
  private final int lastRound;

  private final Map<Integer, RoundClosed> closed = new HashMap<>();
  private final Map<Integer, Parts> deltas = new HashMap<>();
  private final Map<Integer, Parts> importances = new HashMap<>();
  private final TreeMap<Integer, MaskPublished> masks = new TreeMap<>();

  /** By content digest, of the rounds that are not folded yet. */
  private final Map<ByteBuffer, Reported> submissions = new HashMap<>();

  /**
   * What is kept of a submission.
   *
   * @param probe null if it has none
   */
  private record Reported(int round, ProbeLosses probe) {}

  private float[] parameters;
  private Mask mask;
  private int maskVersion;
  private int nextRound;

  /**
   * @param detail what the listener is told
   * @param listener told of every folded round
   */
  public ModelFold(RunDefinition run, FoldDetail detail, Listener listener) {
    this(run, detail, Integer.MAX_VALUE, listener);
  }

  /**
   * @param detail what the listener is told
   * @param lastRound the fold ends after this round, with the mask for the round after it
   * @param listener told of every folded round
   */
  ModelFold(RunDefinition run, FoldDetail detail, int lastRound, Listener listener) {
    this.run = run;
    this.detail = detail;
    this.lastRound = lastRound;
    this.listener = listener;
  }

  /** Whether a checkpoint has been taken, so that there is a model. */
  public boolean hasModel() {
    return parameters != null;
  }

  /** Whether there is a model, and no further round will be added to it. */
  boolean hasEnded() {
    return hasModel() && nextRound > lastRound;
  }

  /** The round that starts from the model. */
  public int nextRound() {
    return nextRound;
  }

  /** All parameters in layout order, pruned ones with their last value; not to be changed. */
  public float[] parameters() {
    return parameters;
  }

  /** The mask in force. */
  public Mask mask() {
    return mask;
  }

  /** Version of the mask in force. */
  public int maskVersion() {
    return maskVersion;
  }

  /** The newest mask that was read, in force or not; null before the first. */
  public MaskPublished newestMask() {
    return masks.isEmpty() ? null : masks.lastEntry().getValue();
  }

  /** The mask of this version; null if it was not read. */
  public MaskPublished mask(int version) {
    return masks.get(version);
  }

  /**
   * Starts from a checkpoint whose mask was read before.
   *
   * @param parameters all parameters in layout order; taken over
   */
  void restore(int round, int maskVersion, float[] parameters) {
    this.parameters = parameters;
    this.maskVersion = maskVersion;
    this.mask = LogTensors.fromLog(run.layout(), masks.get(maskVersion).getLayers());
    this.nextRound = round;
    advance();
  }

  void onMask(MaskPublished published) {
    masks.put(published.getVersion(), published);
    advance();
  }

  void onClosed(RoundClosed round) {
    if (!hasModel() || round.getRound() >= nextRound) {
      closed.put(round.getRound(), round);
      advance();
    }
  }

  void onAggregate(AggregateShard shard) {
    boolean delta = shard.getKind() == ShardKind.DELTA;
    if (shard.getRound() < nextRound
        || shard.getRound() > lastRound
        || (!delta && detail != FoldDetail.DECISIONS)) {
      return;
    }
    (delta ? deltas : importances)
        .computeIfAbsent(shard.getRound(), r -> new Parts(shard.getShards()))
        .add(shard);
    advance();
  }

  /** A submission, admitted or not; only a fold that decides wants to know. */
  void onSubmission(UpdateSubmitted submission) {
    if (submission.getRound() >= nextRound && submission.getRound() <= run.lastRound()) {
      submissions.put(
          ContentDigest.of(submission), new Reported(submission.getRound(), submission.getProbe()));
      advance();
    }
  }

  /** Folds whatever is complete. */
  private void advance() {
    while (hasModel()) {
      applyDueMask();
      if (hasEnded()) {
        return;
      }
      RoundClosed round = closed.get(nextRound);
      if (round == null || round.getMaskVersion() != maskVersion || !isComplete(round)) {
        return;
      }
      FoldedRound folded = fold(round);
      closed.remove(nextRound);
      submissions.values().removeIf(submission -> submission.round() <= round.getRound());
      nextRound++;
      listener.folded(folded);
    }
  }

  private FoldedRound fold(RoundClosed round) {
    float[] active = deltas.remove(nextRound).join(mask.activeParameters());
    boolean decides = detail == FoldDetail.DECISIONS && run.decisions().contains(nextRound);
    boolean tells = decides || detail == FoldDetail.DELTAS;
    float[] before = tells || isProbed() ? parameters.clone() : null;
    float[] delta = null;
    if (tells) {
      delta = new float[parameters.length];
      mask.scatterAdd(active, delta);
    }
    float[] upload =
        decides && round.getImportance()
            ? importances.remove(nextRound).join(run.layout().size())
            : null;
    List<ProbeLosses> probes = decides && isProbed() ? probes(round) : List.of();
    mask.scatterAdd(active, parameters);
    return new FoldedRound(round, mask, before, delta, upload, probes);
  }

  private List<ProbeLosses> probes(RoundClosed round) {
    return round.getContributors().stream()
        .map(contributor -> submissions.get(contributor.getSubmissionDigest()).probe())
        .filter(Objects::nonNull)
        .toList();
  }

  /** Whether agents report losses under the mask in force. */
  private boolean isProbed() {
    return masks.get(maskVersion).getProbeDensity() != null;
  }

  private boolean isComplete(RoundClosed round) {
    Parts delta = deltas.get(round.getRound());
    if (delta == null || !delta.isComplete()) {
      return false;
    }
    if (detail != FoldDetail.DECISIONS) {
      return true;
    }
    Parts importance = importances.get(round.getRound());
    boolean uploaded = !round.getImportance() || (importance != null && importance.isComplete());
    return uploaded
        && (!isProbed()
            || round.getContributors().stream()
                .allMatch(c -> submissions.containsKey(c.getSubmissionDigest())));
  }

  private void applyDueMask() {
    MaskPublished next = masks.get(maskVersion + 1);
    if (next == null || next.getEffectiveRound() != nextRound) {
      return;
    }
    Mask due = LogTensors.fromLog(run.layout(), next.getLayers());
    regrow(due, parameters);
    mask = due;
    maskVersion = next.getVersion();
  }

  /**
   * The model as it will be once the next mask is in force.
   *
   * @param next the successor of the mask in force
   * @return all parameters in layout order, a copy
   */
  public float[] parametersUnder(MaskPublished next) {
    float[] copy = parameters.clone();
    regrow(LogTensors.fromLog(run.layout(), next.getLayers()), copy);
    return copy;
  }

  private void regrow(Mask next, float[] values) {
    if (run.run().getPruning().getRegrow() == Regrow.LAST_VALUE) {
      return;
    }
    for (int l = 0; l < run.layout().prunable().size(); l++) {
      ParameterTensor weight = run.layout().prunable().get(l);
      BitSet regrown = next.bits(l);
      regrown.andNot(mask.bits(l));
      regrown.stream().forEach(i -> values[weight.offset() + i] = 0f);
    }
  }

  /** The blocks of one vector, as they come. */
  private final class Parts {
    private final float[][] blocks;
    private int missing;

    Parts(int count) {
      blocks = new float[count][];
      missing = count;
    }

    void add(AggregateShard shard) {
      if (blocks[shard.getShard()] == null) {
        missing--;
      }
      float[] values = new float[shard.getValueCount()];
      LogTensors.encoding(shard.getEncoding()).decode(shard.getValues(), values, 0, values.length);
      blocks[shard.getShard()] = values;
    }

    boolean isComplete() {
      return missing == 0;
    }

    float[] join(int length) {
      float[] vector = new float[length];
      int next = 0;
      for (float[] block : blocks) {
        System.arraycopy(block, 0, vector, next, block.length);
        next += block.length;
      }
      if (next != length) {
        throw new IllegalStateException(
            "The aggregate of round "
                + nextRound
                + " has "
                + next
                + " values, not "
                + length
                + ".");
      }
      return vector;
    }
  }
}
