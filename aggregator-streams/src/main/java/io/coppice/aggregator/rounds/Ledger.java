package io.coppice.aggregator.rounds;

import io.coppice.schemas.LedgerEntry;

/** Where the coordinator's decisions go. */
interface Ledger {

  /** Writes an entry to {@code rounds}. */
  void append(LedgerEntry entry, long at);

  /** Tells all shard aggregators that a round has closed. */
  void multicast(LedgerEntry closed, long at);
}
