package io.coppice.audit.explain;

import io.coppice.learning.model.Mask;

/** What a decision has made of a weight. */
enum Fate {
  /** Active before and after. */
  KEPT,
  /** Active before and after, although it was offered for removal. */
  RETAINED,
  /** Active before, not after. */
  REMOVED,
  /** Active after, not before. */
  REGROWN,
  /** Active neither before nor after. */
  PRUNED;

  /**
   * What has become of a weight.
   *
   * @param safe the active weights that were not offered for removal
   */
  static Fate of(Mask before, Mask safe, Mask after, int layer, int index) {
    if (after.isActive(layer, index)) {
      return !before.isActive(layer, index)
          ? REGROWN
          : safe.isActive(layer, index) ? KEPT : RETAINED;
    }
    return before.isActive(layer, index) ? REMOVED : PRUNED;
  }

  boolean isActiveAfter() {
    return this == KEPT || this == RETAINED || this == REGROWN;
  }
}
