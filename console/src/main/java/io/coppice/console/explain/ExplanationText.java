package io.coppice.console.explain;

import io.coppice.audit.explain.Explanation;
import java.io.PrintWriter;

/** An explanation for people: tables in lines of at most 100 columns. */
public final class ExplanationText {

  private ExplanationText() {}

  /** Prints all but the history, which is for the picture. */
  public static void print(Explanation explanation, PrintWriter out) {
    new RoundText(out).print(explanation);
    new DecisionText(out).print(explanation);
    if (explanation.layer() != null) {
      new LayerText(out).print(explanation.layer());
    }
    out.flush();
  }
}
