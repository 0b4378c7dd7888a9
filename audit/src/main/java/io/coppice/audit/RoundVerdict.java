package io.coppice.audit;

import java.util.OptionalDouble;

/**
 * A round that holds.
 *
 * @param round from 0; -1 is initial pruning
 * @param maskVersion the mask that was in force
 * @param density of that mask
 * @param contributors updates that were counted
 * @param rejected submissions that were rejected since the round before
 * @param aggregates shards that were recomputed; 0 where the round lies before the checkpoint that was started from
 * @param updateBytes bytes of the updates that were summed
 * @param newDensity density of the mask that was decided again after the round; empty if there was none
 * @param checkpoints shards of checkpoints that were compared with the model after the round
 * @param digest the ledger's digest of the round, in hexadecimal
 */
public record RoundVerdict(
    int round,
    int maskVersion,
    double density,
    int contributors,
    int rejected,
    int aggregates,
    long updateBytes,
    OptionalDouble newDensity,
    int checkpoints,
    String digest) {}
