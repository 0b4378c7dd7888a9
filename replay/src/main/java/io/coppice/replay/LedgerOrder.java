package io.coppice.replay;

import io.coppice.replay.IgnoredRecord.Reason;
import io.coppice.schemas.LedgerEntry;
import io.coppice.schemas.RoundClosed;
import io.coppice.schemas.RoundOpened;
import io.coppice.schemas.RunFinished;
import io.coppice.schemas.RunResumed;
import io.coppice.schemas.RunStopped;
import java.nio.ByteBuffer;

/**
 * What an entry of a run's ledger must hold beside those before it: rounds open and close one after the other, each closed one
 * names the digest of its predecessor, the run stops and goes on in turn, and it ends after its last round. Used by one thread.
 */
final class LedgerOrder {

  private static final ByteBuffer NONE = ByteBuffer.allocate(0);

  private final RunDefinition run;
  private int next;
  private ByteBuffer lastDigest = NONE;
  private boolean stopped;
  private boolean finished;

  LedgerOrder(RunDefinition run) {
    this.run = run;
    this.next = run.firstRound();
  }

  /** Takes the next entry, which {@link RecordChecks} has let pass. */
  void take(LedgerEntry entry) throws UnfitRecordException {
    switch (entry.getEvent()) {
      case RoundOpened opened -> isNext(opened.getRound());
      case RoundClosed closed -> {
        isNext(closed.getRound());
        follows(closed.getPreviousDigest());
        lastDigest = closed.getDigest();
        next++;
      }
      case RunStopped stop -> {
        isTurn(!stopped);
        stopped = true;
      }
      case RunResumed resume -> {
        isTurn(stopped);
        stopped = false;
      }
      case RunFinished end -> {
        if (finished || next <= run.lastRound() || end.getRounds() != run.run().getRounds()) {
          throw new UnfitRecordException(
              finished ? Reason.DUPLICATE : Reason.OUT_OF_ORDER,
              "The run ends once, after %d rounds.",
              run.run().getRounds());
        }
        if (end.getDigest().hasRemaining()) {
          follows(end.getPreviousDigest());
        }
        finished = true;
      }
      default -> {} // whenever it happens
    }
  }

  private void isTurn(boolean turn) throws UnfitRecordException {
    if (finished || !turn) {
      throw new UnfitRecordException(
          finished ? Reason.OUT_OF_ORDER : Reason.DUPLICATE,
          finished ? "The run is over." : "The run is %s already.",
          stopped ? "stopped" : "going on");
    }
  }

  private void isNext(int round) throws UnfitRecordException {
    if (round != next) {
      throw new UnfitRecordException(
          round < next ? Reason.DUPLICATE : Reason.OUT_OF_ORDER,
          next > run.lastRound() ? "The last round is closed." : "Round %d comes next, not %d.",
          next,
          round);
    }
  }

  private void follows(ByteBuffer previousDigest) throws UnfitRecordException {
    if (!previousDigest.equals(lastDigest)) {
      throw new UnfitRecordException(
          Reason.OUT_OF_ORDER, "It does not name the digest of the closed round before it.");
    }
  }
}
