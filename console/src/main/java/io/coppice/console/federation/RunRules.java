package io.coppice.console.federation;

import io.coppice.learning.engine.Network;
import io.coppice.learning.pruning.CostModel;
import io.coppice.pruning.Inheritance;
import io.coppice.pruning.MaskPolicy;
import io.coppice.replay.LogTensors;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.DecisionSchedule;
import io.coppice.schemas.DecisionUpload;
import io.coppice.schemas.TensorEncoding;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;

/**
 * What has to hold between the settings of a run, each by itself in its range, so that nobody starts a run that cannot go on.
 * The sentences name the settings as their user knows them.
 */
public final class RunRules {

  /**
   * A setting that does not fit another.
   *
   * @param sentence says which, and what is allowed
   */
  public record Breach(Setting setting, String sentence) {}

  private final Function<Setting, String> names;

  /**
   * @param names of the settings: {@link Setting#option} or {@link Setting#key}
   */
  public RunRules(Function<Setting, String> names) {
    this.names = names;
  }

  /**
   * A policy goes with the density that it takes.
   *
   * @param density of policies that are given one; null: none
   * @param targetDensity what the bound of prunefl moves to; null: it stays
   */
  public Optional<Breach> density(MaskPolicy policy, Double density, Double targetDensity) {
    if (policy.inherits() == Inheritance.DENSITY && density != null && density == 1) {
      return breach(
          Setting.DENSITY,
          "%s is below 1 with %s %s, which prunes to it.",
          name(Setting.DENSITY),
          name(Setting.POLICY),
          policy.name());
    }
    if (targetDensity != null && !policy.name().equals(RunSettings.PRUNEFL)) {
      return breach(
          Setting.TARGET_DENSITY,
          "%s is what the bound of prunefl moves to; the density of %s is given with %s.",
          name(Setting.TARGET_DENSITY),
          policy.name(),
          name(Setting.DENSITY));
    }
    return Optional.empty();
  }

  /** Initial pruning is done for PruneFL only. */
  public Optional<Breach> initialPruning(boolean wanted, String policy) {
    return wanted && !policy.equals(RunSettings.PRUNEFL)
        ? breach(
            Setting.INITIAL_PRUNING,
            "%s is a stage of %s prunefl, and not of %s.",
            name(Setting.INITIAL_PRUNING),
            name(Setting.POLICY),
            policy)
        : Optional.empty();
  }

  /** The decision divides by seconds: better to refuse now than at the first decision. */
  public Optional<Breach> cost(CostOption option, String policy) {
    boolean conventional = policy.equals(RunDefinition.CONVENTIONAL);
    if (conventional && option.isMeasured()) {
      return breach(
          Setting.COST,
          "%s: Measured costs come into force with a mask decision, and with %s none there is none:"
              + " use paper or file:PATH.",
          name(Setting.COST),
          name(Setting.POLICY));
    }
    CostModel cost = option.model();
    for (int l = 0; l < cost.layers(); l++) {
      if (!conventional && !(cost.secondsPerWeight(l) > 0)) {
        return breach(
            Setting.COST,
            "%s: By %s a weight of prunable layer %d takes no time, neither to compute nor to send;"
                + " to be pruned it must take some.",
            name(Setting.COST),
            cost.name(),
            l);
      }
    }
    return Optional.empty();
  }

  /** Other uploads than importance may be negative. */
  public Optional<Breach> importanceEncoding(
      TensorEncoding encoding, DecisionSchedule schedule, String policy) {
    DecisionUpload upload = schedule.getUpload();
    boolean signed = upload == DecisionUpload.GRADIENT || upload == DecisionUpload.VOTES;
    return signed && !LogTensors.encoding(encoding).signed()
        ? breach(
            Setting.IMPORTANCE_ENCODING,
            "%s is float32 or bfloat16 where agents upload what is no importance, as %s %s has it, not %s.",
            name(Setting.IMPORTANCE_ENCODING),
            name(Setting.POLICY),
            policy,
            encoding.name().toLowerCase(Locale.ROOT).replace('_', '-'))
        : Optional.empty();
  }

  /** All samples of a round are kept where gradients of all weights are gathered, and their number is an update's weight. */
  public Optional<Breach> samples(
      int localSteps, int batch, DecisionSchedule schedule, String policy) {
    long samples = (long) localSteps * batch;
    if (schedule.getUpload() != DecisionUpload.NOTHING && samples > Network.MAX_GRADIENT_SAMPLES) {
      return breach(
          Setting.LOCAL_STEPS,
          "%s times %s is at most %d where %s %s gathers gradients, not %d.",
          name(Setting.LOCAL_STEPS),
          name(Setting.BATCH),
          Network.MAX_GRADIENT_SAMPLES,
          name(Setting.POLICY),
          policy,
          samples);
    }
    return samples > Integer.MAX_VALUE
        ? breach(
            Setting.LOCAL_STEPS,
            "%s times %s is at most %d, not %d.",
            name(Setting.LOCAL_STEPS),
            name(Setting.BATCH),
            Integer.MAX_VALUE,
            samples)
        : Optional.empty();
  }

  private String name(Setting setting) {
    return names.apply(setting);
  }

  private static Optional<Breach> breach(Setting setting, String sentence, Object... arguments) {
    return Optional.of(new Breach(setting, String.format(sentence, arguments)));
  }
}
