package io.coppice.learning.kernels;

/**
 * How a convolution walks over its maps: the rows of an output map and, in each, one run of columns and samples.
 *
 * @param rows of an output map
 * @param runLength floats of a row: columns x samples
 * @param inPitch floats from a row of the input to the next
 * @param outPitch floats from a row of the output to the next, at least {@link Kernels#withSlack} of the run where it is written
 * @param outPlane floats from an output map to the next
 */
public record Sweep(int rows, int runLength, int inPitch, int outPitch, int outPlane) {

  /**
   * The same maps with all rows as one run, if the rows are short, lie equally far from each other in input and output, and
   * leave room for whole vectors. What lies between the rows of the output is then overwritten, too.
   *
   * @param shortRun floats below which a run is short
   */
  Sweep merged(int shortRun) {
    int run = (rows - 1) * inPitch + runLength;
    boolean endsInItsMap = Kernels.withSlack(run) <= rows * outPitch;
    return runLength < shortRun && inPitch == outPitch && endsInItsMap
        ? new Sweep(1, run, inPitch, outPitch, outPlane)
        : this;
  }
}
