package io.coppice.audit.bundle;

import io.coppice.schemas.Topic;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.EnumMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a bundle holds. Its digest stands for the whole bundle: it covers the digests of all files.
 *
 * @param coppice version that exported it
 * @param runId the run whose evidence it is
 * @param exportedAt when, in whole seconds
 * @param log where from, for people; one line
 * @param partitions number of partitions of every topic that the log has, but for the internal ones
 * @param ledger the ledger's end; empty if no round was closed
 * @param files in the order of topics and partitions
 * @param digest SHA-256 of {@link #content} as the manifest states it, 64 lower-case hexadecimal digits
 */
public record BundleManifest(
    String coppice,
    String runId,
    Instant exportedAt,
    String log,
    Map<Topic, Integer> partitions,
    Optional<LedgerHead> ledger,
    List<BundleFile> files,
    String digest) {

  /** What marks a manifest as one of ours. */
  public static final String FORMAT = "coppice-evidence-bundle";

  /** The version of the format that is written and read. */
  public static final int VERSION = 1;

  /** The manifest's name in the bundle. */
  public static final String FILE = "manifest.json";

  public BundleManifest {
    partitions = new EnumMap<>(partitions);
    files = List.copyOf(files);
  }

  /** A manifest with the digest of its content. */
  static BundleManifest of(
      String coppice,
      String runId,
      Instant exportedAt,
      String log,
      Map<Topic, Integer> partitions,
      Optional<LedgerHead> ledger,
      List<BundleFile> files) {
    BundleManifest open =
        new BundleManifest(coppice, runId, exportedAt, log, partitions, ledger, files, "");
    return new BundleManifest(
        coppice, runId, exportedAt, log, partitions, ledger, files, open.digestOfContent());
  }

  /** Whether the stated digest is that of the content. */
  public boolean isIntact() {
    return digest.equals(digestOfContent());
  }

  String digestOfContent() {
    return HexFormat.of()
        .formatHex(Sha256.newDigest().digest(content().getBytes(StandardCharsets.UTF_8)));
  }

  /** The text whose SHA-256 is the digest: a line for every fact, each with a line feed at its end. */
  public String content() {
    StringBuilder text = new StringBuilder();
    line(text, FORMAT, VERSION);
    line(text, "coppice", coppice);
    line(text, "run", runId);
    line(text, "exported", exportedAt);
    line(text, "log", log);
    if (ledger.isPresent()) {
      LedgerHead head = ledger.get();
      line(
          text, "ledger", head.round(), head.finished() ? "finished" : "unfinished", head.digest());
    } else {
      line(text, "ledger", "none");
    }
    partitions.forEach((topic, count) -> line(text, "topic", topic.suffix(), count));
    for (BundleFile file : files) {
      line(
          text,
          "file",
          file.name(),
          file.records(),
          file.firstOffset(),
          file.lastOffset(),
          file.bytes(),
          file.sha256());
    }
    return text.toString();
  }

  private static void line(StringBuilder text, Object... words) {
    for (int i = 0; i < words.length; i++) {
      text.append(i == 0 ? "" : " ").append(words[i]);
    }
    text.append('\n');
  }

  /** What the manifest says of the file of a partition; empty if the run has no record in it. */
  public Optional<BundleFile> file(Topic topic, int partition) {
    return files.stream()
        .filter(file -> file.topic() == topic && file.partition() == partition)
        .findFirst();
  }

  /** Number of records in all files. */
  public long records() {
    return files.stream().mapToLong(BundleFile::records).sum();
  }

  /** Length of all files together. */
  public long bytes() {
    return files.stream().mapToLong(BundleFile::bytes).sum();
  }
}
