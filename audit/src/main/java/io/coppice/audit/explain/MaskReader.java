package io.coppice.audit.explain;

import io.coppice.audit.explain.Ahead.Found;
import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterTensor;
import io.coppice.replay.LogTensors;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.MaskPublished;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Reads the masks of a run: all of them for the picture, and in full the two around a round. */
final class MaskReader {

  private final RunDefinition run;
  private final List<MaskHistory.Layer> layers;
  private final List<MaskHistory.Entry> entries = new ArrayList<>();
  private Found<MaskPublished> inForce;
  private Found<MaskPublished> following;

  /**
   * Reads all masks.
   *
   * @param version of the mask in force in the round
   * @param round the round
   * @throws IllegalStateException if the log does not hold the mask in force
   */
  MaskReader(RunTopics topics, int version, int round) {
    this.run = topics.run();
    this.layers = run.layout().prunable().stream().map(MaskReader::layer).toList();
    try (Ahead<MaskPublished> masks = topics.masks()) {
      for (var found = masks.take(); found.isPresent(); found = masks.take()) {
        MaskPublished mask = found.get().value();
        entries.add(entry(mask));
        if (mask.getVersion() == version && inForce == null) {
          inForce = found.get();
        }
        if (mask.getEffectiveRound() == round + 1 && following == null) {
          following = found.get();
        }
      }
    }
    if (inForce == null) {
      throw new IllegalStateException(
          String.format(
              "The log does not hold mask %d of run %s, under which round %d was closed.",
              version, run.id(), round));
    }
  }

  private static MaskHistory.Layer layer(ParameterTensor weight) {
    int units = weight.shape().getFirst();
    return new MaskHistory.Layer(
        weight.layer(), weight.shape(), units, Math.min(units, MaskHistory.MAX_BINS));
  }

  private MaskHistory.Entry entry(MaskPublished published) {
    Mask mask = LogTensors.fromLog(run.layout(), published.getLayers());
    List<Double> densities = new ArrayList<>();
    float[][] active = new float[layers.size()][];
    for (int l = 0; l < active.length; l++) {
      densities.add(mask.density(l));
      MaskHistory.Layer layer = layers.get(l);
      int weights = run.layout().prunable().get(l).size() / layer.units();
      active[l] = new float[layer.bins()];
      for (int b = 0; b < active[l].length; b++) {
        int from = layer.from(b) * weights;
        int to = layer.from(b + 1) * weights;
        active[l][b] = (float) mask.bits(l).get(from, to).cardinality() / (to - from);
      }
    }
    return new MaskHistory.Entry(
        published.getVersion(), published.getEffectiveRound(), mask.density(), densities, active);
  }

  /** The mask in force in the round. */
  Found<MaskPublished> inForce() {
    return inForce;
  }

  /** The mask that takes effect in the round after it. */
  Optional<Found<MaskPublished>> following() {
    return Optional.ofNullable(following);
  }

  MaskHistory history() {
    return new MaskHistory(layers, List.copyOf(entries));
  }
}
