package io.coppice.console;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.coppice.audit.bundle.BundleEvidence;
import io.coppice.audit.bundle.FileFault;
import io.coppice.console.progress.ProgressLine;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.Optional;

/** Whether the files of a bundle are those of its manifest, before anything is made of them. */
final class BundleCheck {

  private BundleCheck() {}

  /**
   * Computes the digests of a bundle's files.
   *
   * @param err where progress is shown
   * @return what is not as the manifest says; empty if the evidence is no bundle
   * @throws UserError if a file cannot be read
   */
  static List<FileFault> faults(EvidenceOption.Open evidence, PrintWriter err) {
    Optional<BundleEvidence> bundle = evidence.bundle();
    if (bundle.isEmpty()) {
      return List.of();
    }
    try (ProgressLine line = new ProgressLine(err, "digests")) {
      return bundle.get().checkFiles(line::show);
    } catch (IOException e) {
      throw UserError.failed("The bundle cannot be read: " + e.getMessage() + ".", e);
    }
  }

  /** Prints a line for each fault. */
  static void print(List<FileFault> faults, PrintWriter err) {
    faults.forEach(
        fault -> err.println("Not the file that the bundle's manifest lists: " + fault + "."));
  }

  /** Adds the faults to a document, as {@code files}. */
  static void add(List<FileFault> faults, ObjectNode document) {
    ArrayNode files = document.putArray("files");
    faults.forEach(
        fault -> files.addObject().put("file", fault.file()).put("problem", fault.problem()));
  }
}
