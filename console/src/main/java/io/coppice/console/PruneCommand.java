package io.coppice.console;

import io.coppice.learning.pruning.MaskDecisionCase;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code coppice prune}: one mask decision on a file. */
@Command(
    name = "prune",
    mixinStandardHelpOptions = true,
    header = "Decide one mask from a file, without Kafka.",
    description = {
      "Reads weights, masks, importance and cost coefficients from a JSON file and prints the new"
          + " mask as JSON on standard output.",
      "",
      "The file has time_constant, comm_coefficient, comp_coefficients (one a prunable layer),"
          + " dec_pct, max_density (or null) and layers: each with weight_shape, weight_f32,"
          + " mask_u8, sqgrad_weight_f32, sqgrad_bias_f32 (or null); *_f32 is base64 of"
          + " little-endian float32, mask_u8 base64 of one byte an entry, row-major.",
      "",
      "The result has masks_u8 in the same form, kept_before and kept_after, the objective"
          + " (importance per second) before and after, weights removed and regrown a layer, and"
          + " why growth stopped."
    })
final class PruneCommand implements Callable<Integer> {

  @Parameters(index = "0", paramLabel = "CASE.json", description = "The decision's input.")
  private Path file;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    try {
      MaskDecisionCase decisionCase = MaskDecisionCase.read(file);
      spec.commandLine().getOut().println(decisionCase.toJson(decisionCase.decide()));
      return 0;
    } catch (IllegalArgumentException e) {
      throw UserError.badInput(e.getMessage(), e);
    }
  }
}
