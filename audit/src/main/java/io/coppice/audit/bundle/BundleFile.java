package io.coppice.audit.bundle;

import io.coppice.schemas.Topic;

/**
 * What a manifest says of one file: the records of one partition.
 *
 * @param records number of records, at least 1
 * @param firstOffset offset of its first record
 * @param lastOffset offset of its last record
 * @param bytes length of the file
 * @param sha256 of the file, 64 lower-case hexadecimal digits
 */
public record BundleFile(
    Topic topic,
    int partition,
    long records,
    long firstOffset,
    long lastOffset,
    long bytes,
    String sha256) {

  /** The file's name in the bundle, such as {@code updates-3.avro}. */
  public String name() {
    return name(topic, partition);
  }

  static String name(Topic topic, int partition) {
    return topic.suffix() + "-" + partition + ".avro";
  }
}
