package io.coppice.audit.bundle;

/**
 * The end of a run's ledger, whose digest commits to all that comes before it.
 *
 * @param round the last closed round; one before the run's first if none was closed
 * @param digest of that RoundClosed, or of the RunFinished that seals the run, as the record has it: 64 lower-case hexadecimal
 *     digits, none in logs of older releases that have no seal
 * @param finished whether the run has ended; else more rounds may have followed after the export
 */
public record LedgerHead(int round, String digest, boolean finished) {}
