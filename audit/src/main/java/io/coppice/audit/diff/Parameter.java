package io.coppice.audit.diff;

import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterLayout;
import io.coppice.learning.model.ParameterTensor;
import java.util.ArrayDeque;
import java.util.BitSet;
import java.util.Deque;
import java.util.Locale;
import java.util.stream.Collectors;

/** What a parameter is called, such as {@code conv1.weight[3][0][2][2]}. */
final class Parameter {

  private Parameter() {}

  /**
   * The name of an active parameter.
   *
   * @param index in the vector of active values under the mask
   */
  static String ofActive(Mask mask, int index) {
    int left = index;
    int layer = 0;
    for (ParameterTensor tensor : mask.layout().tensors()) {
      int active = tensor.prunable() ? mask.kept(layer) : tensor.size();
      if (left < active) {
        return name(tensor, tensor.prunable() ? nthSet(mask.bits(layer), left) : left);
      }
      left -= active;
      layer += tensor.prunable() ? 1 : 0;
    }
    throw new IndexOutOfBoundsException(index);
  }

  private static int nthSet(BitSet bits, int n) {
    int at = bits.nextSetBit(0);
    for (int i = 0; i < n; i++) {
      at = bits.nextSetBit(at + 1);
    }
    return at;
  }

  /**
   * The name of a parameter.
   *
   * @param index among all parameters, in layout order
   */
  static String of(ParameterLayout layout, int index) {
    for (ParameterTensor tensor : layout.tensors()) {
      if (index < tensor.end()) {
        return name(tensor, index - tensor.offset());
      }
    }
    throw new IndexOutOfBoundsException(index);
  }

  /** The name of a value of a tensor, by its row-major index. */
  static String name(ParameterTensor tensor, int index) {
    Deque<Integer> indices = new ArrayDeque<>();
    int left = index;
    for (int d = tensor.shape().size() - 1; d >= 0; d--) {
      indices.addFirst(left % tensor.shape().get(d));
      left /= tensor.shape().get(d);
    }
    return tensor.layer()
        + "."
        + tensor.role().name().toLowerCase(Locale.ROOT)
        + indices.stream().map(i -> "[" + i + "]").collect(Collectors.joining());
  }
}
