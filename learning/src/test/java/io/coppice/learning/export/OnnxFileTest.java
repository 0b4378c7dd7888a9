package io.coppice.learning.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import io.coppice.learning.engine.KernelPolicy;
import io.coppice.learning.engine.Network;
import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterTensor;
import io.coppice.learning.nn.Architecture;
import io.coppice.learning.nn.Initialisation;
import io.coppice.learning.nn.KaimingUniform;
import io.coppice.learning.nn.LayerSpec;
import io.coppice.learning.nn.LayerStack;
import io.coppice.learning.nn.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import onnx.Onnx.ModelProto;
import onnx.Onnx.OperatorSetIdProto;
import onnx.Onnx.TensorProto;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What ONNX Runtime makes of the files. */
class OnnxFileTest {

  private static final OrtEnvironment RUNTIME = OrtEnvironment.getEnvironment();

  @TempDir private Path temporary;

  private Path write(TrainedModel model) throws IOException {
    Path file = temporary.resolve("model.onnx");
    OnnxFile.write(model, "1.2.3", file);
    return file;
  }

  /** The sizes are not square, and leave rows and columns over where a network halves them. */
  @ParameterizedTest
  @CsvSource({
    "conv2,    1, 28, 28,  62",
    "conv2,    2, 19, 26,   5",
    "conv4,    3, 37, 50,   2",
    "dscnn,    1, 28, 28,  10",
    "dscnn,    3, 21, 32,  12",
    "lenet5,   1, 28, 28,  10",
    "lenet5,   3, 37, 32,   7",
    "mlp,      1, 28, 28,  10",
    "mlp,      2,  9,  5,   3",
    "resnet18, 3, 65, 50, 100",
    "vgg11,    3, 32, 32,  10",
    "vgg11,    1, 71, 33,   4",
  })
  void onnxRuntimeComputesTheLogitsThatWeDo(
      String network, int channels, int height, int width, int classes) throws Exception {
    TrainedModel model =
        TestModels.of(Architecture.of(network, channels, height, width, classes), 3);
    try (OrtSession session = RUNTIME.createSession(write(model).toString())) {
      for (int batch : new int[] {1, 5}) {
        computesTheSame(
            session, model.architecture().stack(), model.mask(), model.parameters(), batch);
      }
    }
  }

  private static void computesTheSame(
      OrtSession session, LayerStack stack, Mask mask, float[] parameters, int batch)
      throws OrtException {
    float[] images = new float[batch * stack.input().size()];
    Random random = new Random(batch);
    for (int i = 0; i < images.length; i++) {
      images[i] = (float) random.nextGaussian();
    }
    int outputs = stack.output().size();
    float[] ours = new float[batch * outputs];
    try (Network network = Network.forInference(stack, batch, KernelPolicy.usual())) {
      network.load(parameters, mask);
      network.infer(images, ours);
    }
    Shape in = stack.input();
    long[] shape = {batch, in.channels(), in.height(), in.width()};
    try (OnnxTensor tensor = OnnxTensor.createTensor(RUNTIME, FloatBuffer.wrap(images), shape);
        OrtSession.Result result = session.run(Map.of("images", tensor))) {
      float[][] theirs = (float[][]) result.get("logits").orElseThrow().getValue();
      assertThat(theirs).hasDimensions(batch, outputs);
      double largest = 0;
      double difference = 0;
      for (int i = 0; i < ours.length; i++) {
        largest = Math.max(largest, Math.abs(ours[i]));
        difference = Math.max(difference, Math.abs(ours[i] - theirs[i / outputs][i % outputs]));
      }
      assertThat(difference / largest).isLessThan(tolerance(stack));
      // The images matter, or nothing would be shown.
      assertThat(batch == 1 || Math.abs(ours[0] - ours[outputs]) > 1e-3 * largest).isTrue();
    }
  }

  /** What no network has: the mean of squares, and vectors of features that nobody has flattened. */
  @Test
  void layersInAnyOrderAreComputed() throws Exception {
    Initialisation usual = KaimingUniform.DEFAULT;
    LayerStack means =
        new LayerStack(
            new Shape(2, 15, 11),
            List.of(
                new LayerSpec.AveragePool(2),
                new LayerSpec.Residual(
                    List.of(new LayerSpec.Convolution("own", 2, 3, 1, usual), new LayerSpec.Relu()),
                    List.of(new LayerSpec.DepthwiseConvolution("short", 3, 1, 1, true, usual))),
                new LayerSpec.MaxPool(3, 2, 1),
                new LayerSpec.GlobalAveragePool(),
                new LayerSpec.Linear("fc", 6, usual),
                new LayerSpec.BatchNorm("bn")));
    LayerStack pooled =
        new LayerStack(
            new Shape(3, 8, 9),
            List.of(
                new LayerSpec.Convolution("conv", 4, 2, 3, 1, true, true, usual),
                new LayerSpec.GlobalAveragePool()));
    for (LayerStack stack : List.of(means, pooled)) {
      Mask mask = TestModels.mask(stack.layout(), 1);
      float[] parameters = TestModels.parameters(stack.layout(), mask, 1);
      ModelProto onnx =
          ModelProto.newBuilder()
              .setIrVersion(8)
              .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(15))
              .setGraph(OnnxGraph.of("any", stack, mask, parameters))
              .build();
      try (OrtSession session = RUNTIME.createSession(onnx.toByteArray())) {
        computesTheSame(session, stack, mask, parameters, 1);
        computesTheSame(session, stack, mask, parameters, 5);
      }
    }
  }

  @Test
  void inputAndOutputAreNamedAndTheBatchIsOfAnySize() throws Exception {
    TrainedModel model = TestModels.of(Architecture.of("conv4", 3, 40, 32, 2), 3);
    try (OrtSession session = RUNTIME.createSession(write(model).toString())) {
      assertThat(session.getInputInfo()).containsOnlyKeys("images");
      assertThat(shape(session.getInputInfo().get("images"))).containsExactly(-1, 3, 40, 32);
      assertThat(session.getOutputInfo()).containsOnlyKeys("logits");
      assertThat(shape(session.getOutputInfo().get("logits"))).containsExactly(-1, 2);
    }
  }

  private static long[] shape(NodeInfo info) {
    return ((TensorInfo) info.getInfo()).getShape();
  }

  @Test
  void initialisersAreTheTensorsByNameWithZerosForPrunedWeights() throws Exception {
    TrainedModel model = TestModels.of(Architecture.of("dscnn", 1, 12, 10, 4), 3);
    List<TensorProto> initialisers =
        ModelProto.parseFrom(Files.readAllBytes(write(model))).getGraph().getInitializerList();
    assertThat(initialisers)
        .extracting(TensorProto::getName)
        .startsWith("conv1.weight", "bn1.weight", "bn1.bias", "bn1.running_mean", "bn1.running_var")
        .contains("block1.depthwise.weight", "fc.weight", "fc.bias")
        .hasSameSizeAs(model.layout().tensors());
    float[] factors = model.mask().factors();
    int pruned = 0;
    for (int t = 0; t < initialisers.size(); t++) {
      ParameterTensor tensor = model.layout().tensors().get(t);
      assertThat(initialisers.get(t).getName()).isEqualTo(tensor.name());
      assertThat(initialisers.get(t).getDimsList())
          .containsExactlyElementsOf(tensor.shape().stream().map(Integer::longValue).toList());
      ByteBuffer values =
          initialisers.get(t).getRawData().asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
      for (int i = tensor.offset(); i < tensor.end(); i++) {
        int expected = factors[i] == 0 ? 0 : Float.floatToRawIntBits(model.parameters()[i]);
        assertThat(values.getInt()).isEqualTo(expected);
        pruned += factors[i] == 0 ? 1 : 0;
      }
      assertThat(values.hasRemaining()).isFalse();
    }
    assertThat(pruned).isEqualTo(model.parameters().length - model.mask().activeParameters());
    assertThat(pruned).isPositive();
  }

  @Test
  void theMetadataTellWhereTheModelComesFromAndHowPixelsAreScaled() throws Exception {
    TrainedModel model = TestModels.of(Architecture.of("mlp", 3, 32, 32, 10), 3);
    try (OrtSession session = RUNTIME.createSession(write(model).toString())) {
      assertThat(session.getMetadata().getProducerName()).isEqualTo("coppice");
      assertThat(session.getMetadata().getGraphName()).isEqualTo("mlp");
      assertThat(session.getMetadata().getCustomMetadata())
          .containsEntry("coppice.version", "1.2.3")
          .containsEntry("coppice.run", "digits")
          .containsEntry("coppice.round", "6")
          .containsEntry("coppice.maskVersion", "2")
          .containsEntry("coppice.density", String.valueOf(model.mask().density()))
          .containsEntry("coppice.network", "mlp")
          .containsEntry("coppice.loss", "SOFTMAX_CROSS_ENTROPY")
          .containsEntry("coppice.pixelMeans", "0.4914,0.4822,0.4465")
          .containsEntry("coppice.pixelDeviations", "0.2023,0.1994,0.201")
          .containsKey("coppice.pixels")
          .hasSize(10);
    }
  }

  @Test
  void whatIsTooLargeForTheFormatIsRefused() {
    assertThatThrownBy(() -> OnnxFile.checkSize(Architecture.of("mlp", 1, 1400, 1300, 10).layout()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "An ONNX file holds less than 2 GiB, which 546,031,410 parameters exceed; the sparse"
                + " format has no such bound.");
  }

  /**
   * Both compute in float32, and differ in the order of their sums: each of n terms is rounded to 2^-24 of itself, and as the
   * errors have either sign, a sum is off by about sqrt(n) times that; layer by layer the errors add up. Any mistake in the graph
   * changes the logits by as much as themselves.
   */
  private static double tolerance(LayerStack stack) {
    int longest = 0;
    int layers = 0;
    for (ParameterTensor tensor : stack.layout().tensors()) {
      if (tensor.role() == ParameterTensor.Role.WEIGHT) {
        longest = Math.max(longest, tensor.size() / tensor.shape().getFirst());
        layers++;
      }
    }
    return Math.scalb(1.0, -24) * Math.sqrt(longest) * layers;
  }
}
