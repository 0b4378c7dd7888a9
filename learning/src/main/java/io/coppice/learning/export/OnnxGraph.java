package io.coppice.learning.export;

import io.coppice.learning.encoding.Encoding;
import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterTensor;
import io.coppice.learning.model.ParameterTensor.Role;
import io.coppice.learning.nn.LayerSpec;
import io.coppice.learning.nn.LayerStack;
import io.coppice.learning.nn.Shape;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import onnx.Onnx.AttributeProto;
import onnx.Onnx.AttributeProto.AttributeType;
import onnx.Onnx.GraphProto;
import onnx.Onnx.NodeProto;
import onnx.Onnx.TensorProto;
import onnx.Onnx.TensorShapeProto;
import onnx.Onnx.TypeProto;
import onnx.Onnx.ValueInfoProto;
import org.nd4j.shade.protobuf.UnsafeByteOperations;

/**
 * Makes an ONNX graph of layers: one operator a layer, two of a kind that ONNX does not have, and the parameters as initialisers
 * by their names, dense, with zeros for the pruned weights. From {@code images} of {@code [batch, channels, rows, columns]} it
 * computes {@code logits} of {@code [batch, classes]}, as in inference.
 *
 * <p>A kind of layer is added by a case in {@link #layer}.
 */
final class OnnxGraph {

  static final String INPUT = "images";
  static final String OUTPUT = "logits";

  private static final String BATCH = "batch";

  /**
   * A value between two operators.
   *
   * @param flat whether it is of rank 2, {@code [batch, features]}
   */
  private record Value(String name, boolean flat) {}

  private final GraphProto.Builder graph = GraphProto.newBuilder();
  private final LayerStack stack;

  /** How many operators of a type without parameters there are. */
  private final Map<String, Integer> numbers = new HashMap<>();

  private OnnxGraph(LayerStack stack) {
    this.stack = stack;
  }

  /**
   * Makes the graph.
   *
   * @param parameters all parameters in layout order; pruned ones are not looked at
   */
  static GraphProto of(String name, LayerStack stack, Mask mask, float[] parameters) {
    return new OnnxGraph(stack).build(name, mask, parameters);
  }

  private GraphProto build(String name, Mask mask, float[] parameters) {
    Shape in = stack.input();
    graph.setName(name).addInput(info(INPUT, in.channels(), in.height(), in.width()));
    flat(chain(stack, new Value(INPUT, false)));
    // What comes last is what the network computes.
    graph.getNodeBuilder(graph.getNodeCount() - 1).setOutput(0, OUTPUT);
    graph.addOutput(info(OUTPUT, stack.output().size()));
    float[] zeroed = parameters.clone();
    mask.zeroPruned(zeroed);
    for (ParameterTensor tensor : stack.layout().tensors()) {
      graph.addInitializer(initializer(tensor, zeroed));
    }
    return graph.build();
  }

  private Value chain(LayerStack layers, Value in) {
    Value value = in;
    for (int i = 0; i < layers.layers().size(); i++) {
      value = layer(layers.layers().get(i), layers.input(i), value);
    }
    return value;
  }

  private Value layer(LayerSpec spec, Shape shape, Value in) {
    return switch (spec) {
      case LayerSpec.Convolution own ->
          convolution(own, in, 1, own.kernel(), own.stride(), own.padding());
      case LayerSpec.DepthwiseConvolution own ->
          convolution(own, in, shape.channels(), own.kernel(), own.stride(), own.padding());
      case LayerSpec.Linear own ->
          add(
              node("Gemm", own.name(), flat(in))
                  .addInput(name(own, Role.WEIGHT))
                  .addInput(name(own, Role.BIAS))
                  .addAttribute(number("transB", 1)),
              true);
      case LayerSpec.BatchNorm own ->
          add(
              node("BatchNormalization", own.name(), in)
                  .addInput(name(own, Role.WEIGHT))
                  .addInput(name(own, Role.BIAS))
                  .addInput(name(own, Role.RUNNING_MEAN))
                  .addInput(name(own, Role.RUNNING_VARIANCE))
                  .addAttribute(
                      AttributeProto.newBuilder()
                          .setName("epsilon")
                          .setType(AttributeType.FLOAT)
                          .setF((float) LayerSpec.BatchNorm.EPSILON)),
              in.flat());
      case LayerSpec.Relu _ -> add(node("Relu", in), in.flat());
      case LayerSpec.MaxPool own ->
          add(
              node("MaxPool", in)
                  .addAllAttribute(window(own.size(), own.stride()))
                  .addAttribute(padding(own.padding())),
              false);
      case LayerSpec.AveragePool own ->
          add(node("AveragePool", in).addAllAttribute(window(own.size(), own.size())), false);
      case LayerSpec.GlobalAveragePool _ -> add(node("GlobalAveragePool", in), false);
      case LayerSpec.Flatten _ -> flat(in);
      case LayerSpec.Residual own -> {
        Value body = chain(own.bodyStack(shape), in);
        Value shortcut = chain(own.shortcutStack(shape), in);
        yield add(node("Add", body).addInput(shortcut.name()), body.flat());
      }
    };
  }

  private Value convolution(
      LayerSpec.Weighted spec, Value in, int groups, int kernel, int stride, int padding) {
    NodeProto.Builder node =
        node("Conv", spec.name(), in)
            .addInput(name(spec, Role.WEIGHT))
            .addAllAttribute(window(kernel, stride))
            .addAttribute(padding(padding))
            .addAttribute(number("group", groups));
    if (spec.bias()) {
      node.addInput(name(spec, Role.BIAS));
    }
    return add(node, false);
  }

  /** Channels, rows and columns as one vector of features: ONNX's order is ours. */
  private Value flat(Value in) {
    return in.flat() ? in : add(node("Flatten", in).addAttribute(number("axis", 1)), true);
  }

  private NodeProto.Builder node(String type, Value in) {
    String name = type.toLowerCase(Locale.ROOT) + numbers.merge(type, 1, Integer::sum);
    return node(type, name, in);
  }

  private static NodeProto.Builder node(String type, String name, Value in) {
    return NodeProto.newBuilder().setOpType(type).setName(name).addInput(in.name()).addOutput(name);
  }

  private Value add(NodeProto.Builder node, boolean flat) {
    graph.addNode(node);
    return new Value(node.getOutput(0), flat);
  }

  private String name(LayerSpec.Parameterised layer, Role role) {
    return stack.layout().find(layer.name(), role).orElseThrow().name();
  }

  private static List<AttributeProto> window(int size, int stride) {
    return List.of(numbers("kernel_shape", size, 2), numbers("strides", stride, 2));
  }

  /** The same at the beginning and at the end of rows and columns. */
  private static AttributeProto padding(int pixels) {
    return numbers("pads", pixels, 4);
  }

  private static AttributeProto number(String name, long value) {
    return AttributeProto.newBuilder().setName(name).setType(AttributeType.INT).setI(value).build();
  }

  /** One number several times. */
  private static AttributeProto numbers(String name, long value, int times) {
    AttributeProto.Builder attribute =
        AttributeProto.newBuilder().setName(name).setType(AttributeType.INTS);
    for (int i = 0; i < times; i++) {
      attribute.addInts(value);
    }
    return attribute.build();
  }

  private static TensorProto initializer(ParameterTensor tensor, float[] parameters) {
    TensorProto.Builder initializer =
        TensorProto.newBuilder()
            .setName(tensor.name())
            .setDataType(TensorProto.DataType.FLOAT_VALUE)
            // Nothing else knows the buffer.
            .setRawData(
                UnsafeByteOperations.unsafeWrap(
                    Encoding.FLOAT32.encode(parameters, tensor.offset(), tensor.size())));
    tensor.shape().forEach(initializer::addDims);
    return initializer.build();
  }

  /** A tensor of float32 whose first dimension is the batch, of any size. */
  private static ValueInfoProto info(String name, int... sampleShape) {
    TensorShapeProto.Builder shape =
        TensorShapeProto.newBuilder()
            .addDim(TensorShapeProto.Dimension.newBuilder().setDimParam(BATCH));
    Arrays.stream(sampleShape)
        .forEach(size -> shape.addDim(TensorShapeProto.Dimension.newBuilder().setDimValue(size)));
    return ValueInfoProto.newBuilder()
        .setName(name)
        .setType(
            TypeProto.newBuilder()
                .setTensorType(
                    TypeProto.Tensor.newBuilder()
                        .setElemType(TensorProto.DataType.FLOAT_VALUE)
                        .setShape(shape)))
        .build();
  }
}
