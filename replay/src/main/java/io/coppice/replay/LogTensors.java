package io.coppice.replay;

import io.coppice.learning.encoding.Encoding;
import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterLayout;
import io.coppice.learning.model.ParameterTensor;
import io.coppice.schemas.LayerMask;
import io.coppice.schemas.TensorEncoding;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** Tensors and masks between their form in the log and their form in memory. */
public final class LogTensors {

  private LogTensors() {}

  /** The encoding that a record names. */
  public static Encoding encoding(TensorEncoding encoding) {
    return switch (encoding) {
      case FLOAT32 -> Encoding.FLOAT32;
      case BFLOAT16 -> Encoding.BFLOAT16;
      case UFLOAT8 -> Encoding.UFLOAT8;
      case SPARSE_UFLOAT8 -> Encoding.SPARSE_UFLOAT8;
    };
  }

  /** A mask as records carry it: one entry a prunable layer, in layout order. */
  public static List<LayerMask> toLog(Mask mask) {
    List<LayerMask> layers = new ArrayList<>();
    for (int l = 0; l < mask.layout().prunable().size(); l++) {
      ParameterTensor weight = mask.layout().prunable().get(l);
      layers.add(
          LayerMask.newBuilder()
              .setName(weight.layer())
              .setShape(weight.shape())
              .setKept(mask.kept(l))
              .setBitmap(ByteBuffer.wrap(mask.bitmap(l)))
              .build());
    }
    return layers;
  }

  /**
   * The mask that a record carries.
   *
   * @throws IllegalArgumentException if its layers are not those of the layout, or a kept count is not that of its bitmap
   */
  public static Mask fromLog(ParameterLayout layout, List<LayerMask> layers) {
    List<byte[]> bitmaps = new ArrayList<>();
    for (LayerMask layer : layers) {
      bitmaps.add(bytes(layer.getBitmap()));
    }
    Mask mask = Mask.ofBitmaps(layout, bitmaps);
    for (int l = 0; l < layers.size(); l++) {
      ParameterTensor weight = layout.prunable().get(l);
      LayerMask layer = layers.get(l);
      if (!layer.getName().equals(weight.layer()) || !layer.getShape().equals(weight.shape())) {
        throw new IllegalArgumentException(
            String.format(
                "Layer %d of the mask is %s%s, but the network has %s%s.",
                l, layer.getName(), layer.getShape(), weight.layer(), weight.shape()));
      }
      if (layer.getKept() != mask.kept(l)) {
        throw new IllegalArgumentException(
            String.format(
                "The mask of layer %s claims %d active weights, but its bitmap has %d.",
                layer.getName(), layer.getKept(), mask.kept(l)));
      }
    }
    return mask;
  }

  private static byte[] bytes(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.duplicate().get(bytes);
    return bytes;
  }
}
