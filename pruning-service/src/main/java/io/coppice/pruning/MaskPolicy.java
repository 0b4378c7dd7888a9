package io.coppice.pruning;

import io.coppice.learning.model.Mask;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.DecisionSchedule;
import io.coppice.schemas.DecisionUpload;
import io.coppice.schemas.TrainingRun;
import java.util.Comparator;
import java.util.List;
import java.util.ServiceLoader;

/**
 * A way to change the mask during a run (docs/policies.md says how to add one). Implementations have a constructor without
 * arguments and are registered for {@link ServiceLoader}; they are shared by all runs and threads.
 */
public interface MaskPolicy {

  /** The policy's name in a run definition: 1 to 64 of a-z, 0-9 and '-'. */
  String name();

  /** What it does, half a line for the command's help. */
  String summary();

  /** What the run takes over from a finished one. */
  default Inheritance inherits() {
    return Inheritance.NOTHING;
  }

  /**
   * Looks at the settings that the policy uses, before the run starts.
   *
   * @param run the definition, still without {@link #schedule}; its counts are known to be positive, its densities to lie in (0, 1]
   * @throws IllegalArgumentException naming the setting that is not as the policy needs it, and what is allowed, in one sentence
   */
  default void check(TrainingRun run) {}

  /**
   * After which rounds it decides, and what agents have to upload for it.
   *
   * @param run a definition that {@link #check} has let pass
   */
  DecisionSchedule schedule(TrainingRun run);

  /**
   * The mask that the run starts from where the definition names none.
   *
   * @param parameters the initial model, all parameters in layout order
   */
  default Mask initialMask(RunDefinition run, float[] parameters) {
    return Mask.full(run.layout());
  }

  /** Begins a run's decisions. */
  Decider begin(RunDefinition run);

  /** A schedule without decisions. */
  static DecisionSchedule never() {
    return new DecisionSchedule(0, 1, -1, DecisionUpload.NOTHING);
  }

  /** All policies, by name. */
  static List<MaskPolicy> all() {
    return Policies.ALL;
  }

  /**
   * Finds a policy.
   *
   * @throws IllegalArgumentException naming the known ones
   */
  static MaskPolicy named(String name) {
    return all().stream()
        .filter(policy -> policy.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "Unknown pruning policy '"
                        + name
                        + "': known are "
                        + String.join(", ", all().stream().map(MaskPolicy::name).toList())
                        + "."));
  }

  /** The registered policies, loaded once. */
  final class Policies {
    private static final List<MaskPolicy> ALL =
        ServiceLoader.load(MaskPolicy.class, MaskPolicy.class.getClassLoader()).stream()
            .map(ServiceLoader.Provider::get)
            .sorted(Comparator.comparing(MaskPolicy::name))
            .toList();

    private Policies() {}
  }
}
