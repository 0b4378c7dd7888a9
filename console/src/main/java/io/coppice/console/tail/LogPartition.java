package io.coppice.console.tail;

import io.coppice.replay.LogReader.Entry;
import io.coppice.schemas.Topic;

/** One partition of one topic. */
record LogPartition(Topic topic, int number) {

  static LogPartition of(Entry entry) {
    return new LogPartition(entry.topic(), entry.partition());
  }
}
