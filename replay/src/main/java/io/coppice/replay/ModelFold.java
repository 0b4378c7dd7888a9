package io.coppice.replay;

import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterTensor;
import io.coppice.schemas.AggregateShard;
import io.coppice.schemas.MaskPublished;
import io.coppice.schemas.Regrow;
import io.coppice.schemas.RoundClosed;
import io.coppice.schemas.ShardKind;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
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
    /**
     * The aggregate of {@code round} has been added; the mask is still the one that was in force in it.
     *
     * @param importance summed importance of all parameters in layout order, or null if the round had none or the fold does
     *     not collect it
     */
    void folded(int round, RoundClosed closed, float[] importance);
  }

  private final RunDefinition run;
  private final boolean collectsImportance;
  private final Listener listener;
  private final int lastRound;

  private final Map<Integer, RoundClosed> closed = new HashMap<>();
  private final Map<Integer, Parts> deltas = new HashMap<>();
  private final Map<Integer, Parts> importances = new HashMap<>();
  private final TreeMap<Integer, MaskPublished> masks = new TreeMap<>();

  private float[] parameters;
  private Mask mask;
  private int maskVersion;
  private int nextRound;

  /**
   * @param collectsImportance whether a round with importance waits for its importance aggregates
   * @param listener told of every folded round
   */
  public ModelFold(RunDefinition run, boolean collectsImportance, Listener listener) {
    this(run, collectsImportance, Integer.MAX_VALUE, listener);
  }

  /**
   * @param collectsImportance whether a round with importance waits for its importance aggregates
   * @param lastRound the fold ends after this round, with the mask for the round after it
   * @param listener told of every folded round
   */
  ModelFold(RunDefinition run, boolean collectsImportance, int lastRound, Listener listener) {
    this.run = run;
    this.collectsImportance = collectsImportance;
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

  /** Whether the mask of this version was read. */
  boolean knowsMask(int version) {
    return masks.containsKey(version);
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
        || (!delta && !collectsImportance)) {
      return;
    }
    (delta ? deltas : importances)
        .computeIfAbsent(shard.getRound(), r -> new Parts(shard.getShards()))
        .add(shard);
    advance();
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
      float[] importance =
          collectsImportance && round.getImportance()
              ? importances.remove(nextRound).join(run.layout().size())
              : null;
      mask.scatterAdd(deltas.remove(nextRound).join(mask.activeParameters()), parameters);
      closed.remove(nextRound);
      nextRound++;
      listener.folded(round.getRound(), round, importance);
    }
  }

  private boolean isComplete(RoundClosed round) {
    Parts delta = deltas.get(round.getRound());
    if (delta == null || !delta.isComplete()) {
      return false;
    }
    Parts importance = importances.get(round.getRound());
    return !collectsImportance
        || !round.getImportance()
        || (importance != null && importance.isComplete());
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
