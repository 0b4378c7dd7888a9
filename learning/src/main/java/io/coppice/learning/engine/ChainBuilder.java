package io.coppice.learning.engine;

import io.coppice.learning.kernels.Kernels;
import io.coppice.learning.model.ParameterLayout;
import io.coppice.learning.model.ParameterTensor;
import io.coppice.learning.model.ParameterTensor.Role;
import io.coppice.learning.nn.LayerSpec;
import io.coppice.learning.nn.LayerStack;
import io.coppice.learning.nn.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Makes layers that compute of layers as they are specified, and puts the maps between them into the forms that these need. */
final class ChainBuilder {

  private final Kernels kernels;
  private final KernelPolicy policy;
  private final ParameterLayout layout;
  private final int samples;
  private final boolean training;

  ChainBuilder(
      Kernels kernels, KernelPolicy policy, ParameterLayout layout, int samples, boolean training) {
    this.kernels = kernels;
    this.policy = policy;
    this.layout = layout;
    this.samples = samples;
    this.training = training;
  }

  /** The whole network with its input. */
  LayerChain build(LayerStack stack) {
    FeatureMaps in = inputForm(stack.layers(), 0).create(stack.input(), samples);
    return build(stack, in);
  }

  /** The form that a layer wants its input in; behind the last layer, or where any will do, the rounded one. */
  private static Form inputForm(List<LayerSpec> layers, int index) {
    return index == layers.size()
        ? Form.ROUNDED
        : wantedForm(layers.get(index)).orElse(Form.ROUNDED);
  }

  /** The form that a layer needs its input in; none if any will do. */
  private static Optional<Form> wantedForm(LayerSpec layer) {
    return switch (layer) {
      case LayerSpec.Convolution spec ->
          Optional.of(ConvolutionLayer.inputForm(spec.stride(), spec.padding()));
      case LayerSpec.DepthwiseConvolution spec ->
          Optional.of(ConvolutionLayer.inputForm(spec.stride(), spec.padding()));
      case LayerSpec.Linear _, LayerSpec.Flatten _ -> Optional.of(Form.TIGHT);
      case LayerSpec.Residual spec ->
          Optional.of(inputForm(spec.body(), 0).with(inputForm(spec.shortcut(), 0)));
      default -> Optional.empty();
    };
  }

  private LayerChain build(LayerStack stack, FeatureMaps in) {
    List<Layer> chain = new ArrayList<>();
    FeatureMaps current = in;
    List<LayerSpec> specs = stack.layers();
    for (int i = 0; i < specs.size(); i++) {
      LayerSpec spec = specs.get(i);
      Optional<Form> wanted = wantedForm(spec);
      if (wanted.isPresent() && !wanted.get().isServedBy(current)) {
        chain.add(new CopyLayer(current, wanted.get().create(current.shape(), samples)));
        current = chain.getLast().out();
      }
      if (spec instanceof LayerSpec.Flatten) {
        current = current.flattened();
        continue;
      }
      boolean rectified =
          spec instanceof LayerSpec.Relu
              && i + 1 < specs.size()
              && specs.get(i + 1) instanceof LayerSpec.MaxPool pool
              && isTwoByTwo(pool);
      if (rectified) {
        i++;
      }
      Form form = inputForm(specs, i + 1);
      Layer layer =
          rectified
              ? new MaxPool2Layer(kernels, current, form.create(stack.output(i), samples), true)
              : layer(spec, current, stack.output(i), form);
      chain.add(layer);
      current = layer.out();
    }
    return new LayerChain(in, chain, current);
  }

  private static boolean isTwoByTwo(LayerSpec.MaxPool pool) {
    return pool.size() == 2 && pool.stride() == 2 && pool.padding() == 0;
  }

  private Layer layer(LayerSpec spec, FeatureMaps in, Shape outShape, Form form) {
    return switch (spec) {
      case LayerSpec.Convolution own ->
          convolution(
              own,
              in,
              outShape,
              new Window(
                  in.shape().channels(),
                  own.outputs(),
                  own.kernel(),
                  own.stride(),
                  own.padding(),
                  false));
      case LayerSpec.DepthwiseConvolution own ->
          convolution(
              own,
              in,
              outShape,
              new Window(
                  in.shape().channels(),
                  in.shape().channels(),
                  own.kernel(),
                  own.stride(),
                  own.padding(),
                  true));
      case LayerSpec.Linear own ->
          new LinearLayer(
              kernels,
              in,
              Form.TIGHT.create(outShape, samples),
              tensor(own.name(), Role.WEIGHT),
              tensor(own.name(), Role.BIAS),
              policy,
              training);
      case LayerSpec.BatchNorm own ->
          new BatchNormLayer(
              in,
              form.create(outShape, samples),
              new BatchNormLayer.Tensors(
                  tensor(own.name(), Role.WEIGHT),
                  tensor(own.name(), Role.BIAS),
                  tensor(own.name(), Role.RUNNING_MEAN),
                  tensor(own.name(), Role.RUNNING_VARIANCE)));
      case LayerSpec.Relu _ -> new ReluLayer(kernels, in, form.create(outShape, samples));
      case LayerSpec.MaxPool own ->
          isTwoByTwo(own)
              ? new MaxPool2Layer(kernels, in, form.create(outShape, samples), false)
              : new MaxPoolLayer(own, in, form.create(outShape, samples));
      case LayerSpec.AveragePool own ->
          new AveragePoolLayer(in, form.create(outShape, samples), own.size(), own.size());
      case LayerSpec.GlobalAveragePool _ ->
          new AveragePoolLayer(
              in, form.create(outShape, samples), in.shape().height(), in.shape().width());
      case LayerSpec.Residual own ->
          new ResidualLayer(
              in,
              form.create(outShape, samples),
              build(own.bodyStack(in.shape()), in),
              build(own.shortcutStack(in.shape()), in));
      case LayerSpec.Flatten _ ->
          throw new IllegalArgumentException("Flattening is no computation.");
    };
  }

  private Layer convolution(LayerSpec.Weighted spec, FeatureMaps in, Shape out, Window window) {
    return new ConvolutionLayer(
        kernels,
        in,
        Form.ROUNDED.inStepWith(in).create(out, samples),
        tensor(spec.name(), Role.WEIGHT),
        spec.bias() ? tensor(spec.name(), Role.BIAS) : null,
        window,
        policy,
        training);
  }

  private ParameterTensor tensor(String layer, Role role) {
    return layout.find(layer, role).orElseThrow();
  }
}
