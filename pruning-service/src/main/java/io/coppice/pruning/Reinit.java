package io.coppice.pruning;

/**
 * The lottery ticket (Frankle and Carbin: The Lottery Ticket Hypothesis, ICLR 2019): the mask that a run has ended with, and the
 * weights that it began with.
 */
public final class Reinit extends FixedMask {

  @Override
  public String name() {
    return "reinit";
  }

  @Override
  public String summary() {
    return "the final mask of another run, from the weights that it began with";
  }

  @Override
  public Inheritance inherits() {
    return Inheritance.MASK;
  }
}
