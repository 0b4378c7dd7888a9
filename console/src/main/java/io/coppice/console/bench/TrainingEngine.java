package io.coppice.console.bench;

import io.coppice.learning.model.Mask;
import io.coppice.learning.training.LocalTrainer;
import io.coppice.learning.training.RoundGradients;

/** An agent's local training; every run starts from the same parameters. */
final class TrainingEngine implements Engine {

  private final BenchModel model;
  private final LocalTrainer trainer;
  private final int batch;

  private final RoundGradients gathered;

  /**
   * @param trainer of batches of the workload; closed with this
   */
  TrainingEngine(BenchModel model, Workload workload, LocalTrainer trainer) {
    this.model = model;
    this.trainer = trainer;
    this.batch = workload.batch();
    this.gathered =
        new RoundGradients(RoundGradients.Form.IMPORTANCE, new float[model.parameters().length]);
  }

  @Override
  public void run(Mask mask, int units, boolean importance) {
    trainer.train(
        model.data(),
        model.indices(units * batch),
        units,
        model.parameters(),
        mask,
        model.learningRate(),
        importance ? gathered : null);
  }

  @Override
  public void close() {
    trainer.close();
  }
}
