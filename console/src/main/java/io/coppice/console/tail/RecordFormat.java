package io.coppice.console.tail;

/** How a record is printed. */
public interface RecordFormat {

  /** A record as one line, without the line break. */
  String line(FoundRecord found);
}
