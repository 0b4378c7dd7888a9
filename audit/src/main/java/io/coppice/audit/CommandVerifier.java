package io.coppice.audit;

import io.coppice.replay.EvidenceSource;
import io.coppice.replay.LogRecord;
import io.coppice.replay.RecordCursor;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.RunAction;
import io.coppice.schemas.RunCommand;
import io.coppice.schemas.Topic;

/**
 * Finds the command behind every stop and every resumption in a run's ledger. Commands that lie in between were refused: anybody who may
 * write them may ask for what cannot be done, so there may be more of them than entries in the ledger, but not fewer.
 */
/*
 * A cursor is opened for each: they are few, and one that is opened now sees every command that an entry read before came from, however
 * the log has grown since.
 */
final class CommandVerifier {

  private final EvidenceSource source;
  private final RunDefinition run;
  private long last = -1;

  CommandVerifier(EvidenceSource source, RunDefinition run) {
    this.source = source;
    this.run = run;
  }

  /**
   * Takes the next command that asks for just this.
   *
   * @param entry the ledger's entry
   * @throws Violation if there is none behind the command that was taken last
   */
  void verify(LogRecord entry, RunAction action, String reason, String issuer) {
    int partitions = source.partitions(Topic.COMMANDS);
    if (partitions > 0) {
      int partition = LogKeys.runPartition(run.id(), partitions);
      try (RecordCursor commands =
          last < 0
              ? source.read(run, Topic.COMMANDS, partition)
              : source.readFrom(run, Topic.COMMANDS, partition, last + 1)) {
        for (var next = commands.next(); next.isPresent(); next = commands.next()) {
          if (asks(next.get(), action, reason, issuer)) {
            last = next.get().offset();
            return;
          }
        }
      }
    }
    throw Violation.at(
        entry, "event", "no command of the log that is still to be carried out asks for it.");
  }

  private boolean asks(LogRecord record, RunAction action, String reason, String issuer) {
    return run.id().equals(record.key())
        && record.value() instanceof RunCommand command
        && command.getRunId().equals(run.id())
        && command.getAction() == action
        && command.getReason().equals(reason)
        && command.getIssuer().equals(issuer);
  }
}
