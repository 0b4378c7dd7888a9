package io.coppice.console.federation;

/** Settings that depend on each other, under the two names that users know them by. */
public enum Setting {
  LOCAL_STEPS("--local-steps", "training.local-steps"),
  BATCH("--batch", "training.batch"),
  POLICY("--pruning", "pruning.policy"),
  DENSITY("--density", "pruning.density"),
  TARGET_DENSITY("--target-density", "pruning.target-density"),
  INITIAL_PRUNING("--initial-pruning", "pruning.initial"),
  COST("--cost", "cost"),
  IMPORTANCE_ENCODING("--importance-encoding", "encoding.importance");

  private final String option;
  private final String key;

  Setting(String option, String key) {
    this.option = option;
    this.key = key;
  }

  /** The option of a command that trains here. */
  public String option() {
    return option;
  }

  /** The key in a run definition file, with those of the groups that it lies in. */
  public String key() {
    return key;
  }
}
