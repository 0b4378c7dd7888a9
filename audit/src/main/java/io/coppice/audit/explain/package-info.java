/**
 * Explains a round of a run from the log: who took part, what mask was in force, and what the decision that followed has seen.
 * Everything is read through {@link io.coppice.replay.EvidenceSource}; of the agents' updates only what was submitted about them
 * is read, never their values.
 */
package io.coppice.audit.explain;
