package io.coppice.console.tail;

import io.coppice.schemas.InitialPruningProgress;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.MaskPublished;
import java.util.Collection;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import org.apache.avro.Schema;
import org.apache.avro.generic.IndexedRecord;

/**
 * What a record is about, found by the names of its fields, so that records of types yet to come are found as well.
 *
 * @param round the round that it belongs to: of a mask the first one under it, of a checkpoint the one that starts from it; none if
 *     it belongs to the run as a whole
 * @param agents everybody whom it names: as sender, participant, contributor, summand or evaluator
 */
record Subject(OptionalInt round, Set<String> agents) {

  private static final int INITIAL_PRUNING = -1;
  private static final Set<String> AGENT_FIELDS = Set.of("agentId", "evaluator");
  private static final String AGENT_LIST = "participants";

  static Subject of(IndexedRecord record) {
    Set<String> agents = new TreeSet<>();
    collect(record, agents);
    return new Subject(round(record), agents);
  }

  /** What is known of a record without a value: its key names an agent where it has the form of {@link LogKeys#agent}. */
  static Subject ofKey(String key) {
    String[] parts = key == null ? new String[0] : key.split("/");
    return new Subject(OptionalInt.empty(), parts.length == 2 ? Set.of(parts[1]) : Set.of());
  }

  private static OptionalInt round(IndexedRecord record) {
    if (record instanceof MaskPublished mask) {
      return OptionalInt.of(mask.getEffectiveRound());
    }
    if (record instanceof InitialPruningProgress) {
      return OptionalInt.of(INITIAL_PRUNING);
    }
    Schema.Field round = record.getSchema().getField("round");
    if (round != null && record.get(round.pos()) instanceof Integer number) {
      return OptionalInt.of(number);
    }
    Schema.Field event = record.getSchema().getField("event");
    return event != null && record.get(event.pos()) instanceof IndexedRecord inner
        ? round(inner)
        : OptionalInt.empty();
  }

  private static void collect(IndexedRecord record, Set<String> agents) {
    for (Schema.Field field : record.getSchema().getFields()) {
      Object value = record.get(field.pos());
      if (AGENT_FIELDS.contains(field.name()) && value != null) {
        agents.add(value.toString());
      } else if (value instanceof IndexedRecord inner) {
        collect(inner, agents);
      } else if (value instanceof Collection<?> list) {
        for (Object element : list) {
          if (element instanceof IndexedRecord inner) {
            collect(inner, agents);
          } else if (field.name().equals(AGENT_LIST)) {
            agents.add(element.toString());
          }
        }
      }
    }
  }
}
