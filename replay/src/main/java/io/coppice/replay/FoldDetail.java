package io.coppice.replay;

/** What a fold keeps of a round to tell of. */
public enum FoldDetail {
  /** The model; and the one that the round started from where agents have to report losses ({@code MaskPublished.probeDensity}). */
  MODEL,
  /** Of a round after which the mask is decided all that the decision needs, the importance topic included. */
  DECISIONS,
  /** Of every round the model that it started from, and what was added. */
  DELTAS
}
