package io.coppice.replay;

import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterTensor;
import io.coppice.replay.IgnoredRecord.Reason;
import io.coppice.schemas.AggregateShard;
import io.coppice.schemas.ContentDigest;
import io.coppice.schemas.MaskPublished;
import io.coppice.schemas.ProbeLosses;
import io.coppice.schemas.Regrow;
import io.coppice.schemas.RoundClosed;
import io.coppice.schemas.ShardKind;
import io.coppice.schemas.UpdateSubmitted;
import java.nio.ByteBuffer;
import java.util.ArrayList;
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

  private static final String FOLDED = "The aggregate of its round is complete.";

  private final RunDefinition run;
  private final FoldDetail detail;
  private final RecordChecks checks;
  private final Listener listener;
  private final IgnoredRecord.Listener ignored;
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

  /** The round that the fold was restored at. */
  private int firstRound;

  /**
   * A fold for whoever has verified the records before: an aggregate that is not that of its round is refused with an
   * IllegalArgumentException.
   *
   * @param detail what the listener is told
   * @param listener told of every folded round
   */
  public ModelFold(RunDefinition run, FoldDetail detail, Listener listener) {
    this(
        run,
        detail,
        Integer.MAX_VALUE,
        new RecordChecks(run, 1),
        listener,
        unfit -> {
          throw new IllegalArgumentException(unfit.detail());
        });
  }

  /**
   * @param detail what the listener is told
   * @param lastRound the fold ends after this round, with the mask for the round after it
   * @param checks of the run
   * @param listener told of every folded round
   * @param ignored told of aggregates that are not those of their round
   */
  ModelFold(
      RunDefinition run,
      FoldDetail detail,
      int lastRound,
      RecordChecks checks,
      Listener listener,
      IgnoredRecord.Listener ignored) {
    this.run = run;
    this.detail = detail;
    this.lastRound = lastRound;
    this.checks = checks;
    this.listener = listener;
    this.ignored = ignored;
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

  /** The mask of this version; null if it was not read, or one later than it is in force. */
  public MaskPublished mask(int version) {
    return masks.get(version);
  }

  /**
   * Starts from a checkpoint whose mask was read before.
   *
   * @param parameters all parameters in layout order; taken over
   */
  public void restore(int round, int maskVersion, float[] parameters) {
    this.parameters = parameters;
    this.maskVersion = maskVersion;
    this.mask = LogTensors.fromLog(run.layout(), masks.get(maskVersion).getLayers());
    this.nextRound = round;
    this.firstRound = round;
    forgetBefore(round, maskVersion);
    advance();
  }

  /**
   * Gives free what a fold does not need that starts from this checkpoint or from a later one. Nothing else may be started from
   * afterwards.
   *
   * @param round the round that starts from the checkpoint
   * @param maskVersion of the checkpoint's mask
   */
  void forgetBefore(int round, int maskVersion) {
    masks.headMap(maskVersion).clear();
    closed.keySet().removeIf(r -> r < round);
    deltas.keySet().removeIf(r -> r < round);
    importances.keySet().removeIf(r -> r < round);
    submissions.values().removeIf(submission -> submission.round() < round);
  }

  /** Takes a mask: it is applied when its effective round is reached. */
  public void onMask(MaskPublished published) {
    masks.put(published.getVersion(), published);
    advance();
  }

  /** Takes a closed round. */
  public void onClosed(RoundClosed round) {
    if (!hasModel() || round.getRound() >= nextRound) {
      closed.put(round.getRound(), round);
      advance();
    }
  }

  /** Takes a shard of an aggregate that was verified before. */
  public void onAggregate(AggregateShard shard) {
    onAggregate(shard, null);
  }

  /**
   * Takes a shard of an aggregate. Whether it is that of its round is found out when the round is closed and its mask in force; the
   * first one for its place that is counts.
   *
   * @param at where it lies
   */
  void onAggregate(AggregateShard shard, LogPosition at) {
    boolean delta = shard.getKind() == ShardKind.DELTA;
    if (hasModel() && shard.getRound() >= firstRound && shard.getRound() < nextRound) {
      ignored.ignored(new IgnoredRecord(at, Reason.DUPLICATE, FOLDED));
      return;
    }
    if (shard.getRound() < nextRound
        || shard.getRound() > lastRound
        || (!delta && detail != FoldDetail.DECISIONS)) {
      return;
    }
    (delta ? deltas : importances)
        .computeIfAbsent(shard.getRound(), r -> new Parts())
        .add(new Part(shard, at));
    advance();
  }

  /** A submission, admitted or not; only a fold that decides wants to know. */
  public void onSubmission(UpdateSubmitted submission) {
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
    float[] active = deltas.remove(nextRound).join();
    boolean decides = detail == FoldDetail.DECISIONS && run.decisions().contains(nextRound);
    boolean tells = decides || detail == FoldDetail.DELTAS;
    float[] before = tells || isProbed() ? parameters.clone() : null;
    float[] delta = null;
    if (tells) {
      delta = new float[parameters.length];
      mask.scatterAdd(active, delta);
    }
    float[] upload = decides && round.getImportance() ? importances.remove(nextRound).join() : null;
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
    if (delta == null || !delta.isComplete(round, mask.activeParameters())) {
      return false;
    }
    if (detail != FoldDetail.DECISIONS) {
      return true;
    }
    Parts importance = importances.get(round.getRound());
    boolean uploaded =
        !round.getImportance()
            || (importance != null && importance.isComplete(round, run.layout().size()));
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
    masks.headMap(maskVersion).clear();
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

  /** A block, and where it lies. */
  private record Part(AggregateShard shard, LogPosition at) {}

  /** The blocks of one vector, as they come. */
  private final class Parts {

    /** In the order of their coming, as long as it is not known what they must be like. */
    private List<Part> waiting = new ArrayList<>();

    /** Once it is known: the blocks that fit. */
    private AggregateShard[] blocks;

    private int missing;
    private RoundClosed round;
    private int length;

    void add(Part part) {
      if (blocks == null) {
        waiting.add(part);
      } else {
        place(part);
      }
    }

    /**
     * Whether all blocks are there.
     *
     * @param closed the round that they are of
     * @param values length of the vector
     */
    boolean isComplete(RoundClosed closed, int values) {
      if (blocks == null) {
        round = closed;
        length = values;
        missing = run.shards().count(values);
        blocks = new AggregateShard[missing];
        waiting.forEach(this::place);
        waiting = List.of();
      }
      return missing == 0;
    }

    private void place(Part part) {
      AggregateShard shard = part.shard();
      try {
        checks.fits(shard, round, length);
        if (blocks[shard.getShard()] != null) {
          throw new UnfitRecordException(
              Reason.DUPLICATE, "Shard %d of the aggregate is there already.", shard.getShard());
        }
        blocks[shard.getShard()] = shard;
        missing--;
      } catch (UnfitRecordException e) {
        ignored.ignored(new IgnoredRecord(part.at(), e.reason(), e.getMessage()));
      }
    }

    float[] join() {
      float[] vector = new float[length];
      int next = 0;
      for (AggregateShard block : blocks) {
        LogTensors.encoding(block.getEncoding())
            .decode(block.getValues(), vector, next, block.getValueCount());
        next += block.getValueCount();
      }
      return vector;
    }
  }
}
