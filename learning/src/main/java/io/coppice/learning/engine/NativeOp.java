package io.coppice.learning.engine;

import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.api.ops.OpContext;
import org.nd4j.linalg.factory.Nd4j;

/**
 * One of ND4J's native operations, bound once to its arguments and to the arrays that it reads and writes. Binding costs more
 * than many of the operations themselves, so it is not done in every step.
 *
 * <p>There is nothing to close: ND4J frees a context's few hundred bytes when the garbage collector has found it, and the arrays
 * belong to whoever made them.
 */
final class NativeOp {

  private final DynamicCustomOp op;
  private final OpContext context;

  /**
   * @param name ND4J's name of the operation
   * @param outputs take the results; may be among the inputs where the operation works in place
   * @param arguments the operation's integer arguments
   */
  NativeOp(String name, List<INDArray> inputs, List<INDArray> outputs, long... arguments) {
    this(name, inputs, outputs, new double[0], arguments);
  }

  NativeOp(
      String name,
      List<INDArray> inputs,
      List<INDArray> outputs,
      double[] scalars,
      long... arguments) {
    op = DynamicCustomOp.builder(name).build();
    context = Nd4j.getExecutioner().buildContext();
    context.setInputArrays(inputs);
    context.setOutputArrays(outputs);
    context.setIArguments(arguments);
    context.setTArguments(scalars);
  }

  void run() {
    Nd4j.getExecutioner().exec(op, context);
  }
}
