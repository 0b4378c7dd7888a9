package io.coppice.console;

import static io.coppice.console.progress.Figures.count;
import static io.coppice.console.progress.Figures.decimals;

import io.coppice.learning.export.TrainedModel;

/** A model in one sentence: where it comes from, and how much of it is active. */
public final class ModelSentence {

  private ModelSentence() {}

  /** The sentence. */
  public static String of(TrainedModel model) {
    return String.format(
        "Run %s, after round %d of %d: %s, mask %d, density %s, %s of %s parameters active.",
        model.run(),
        model.round(),
        model.lastRound(),
        model.architecture().network(),
        model.maskVersion(),
        decimals(model.mask().density(), 4),
        count(model.mask().activeParameters()),
        count(model.parameters().length));
  }
}
