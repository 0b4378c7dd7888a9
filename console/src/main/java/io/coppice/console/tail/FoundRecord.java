package io.coppice.console.tail;

import io.coppice.replay.LogRecord;
import java.util.Optional;

/**
 * A record of the log and what it is about.
 *
 * @param record the record, decoded as far as it can be
 * @param subject empty if nobody can tell
 */
public record FoundRecord(LogRecord record, Optional<Subject> subject) {}
