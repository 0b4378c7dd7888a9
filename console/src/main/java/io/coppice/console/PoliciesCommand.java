package io.coppice.console;

import io.coppice.pruning.MaskPolicy;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code coppice policies}: what there is to choose from. */
@Command(
    name = "policies",
    mixinStandardHelpOptions = true,
    header = "List the pruning policies.",
    description = {
      "",
      "One line a policy: its name for 'demo --pruning' and 'compare --policies', what it takes over from a finished run, and what it"
          + " does.",
      ""
    })
final class PoliciesCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    for (MaskPolicy policy : MaskPolicy.all()) {
      String takesOver =
          switch (policy.inherits()) {
            case NOTHING -> "";
            case DENSITY -> "density";
            case MASK, MASK_NEW_WEIGHTS -> "mask";
          };
      out.printf("%-14s %-8s %s%n", policy.name(), takesOver, policy.summary());
    }
    out.flush();
    return 0;
  }
}
