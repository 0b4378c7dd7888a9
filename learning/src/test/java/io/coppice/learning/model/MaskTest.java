package io.coppice.learning.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coppice.learning.random.SplitMix64;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class MaskTest {

  @Property
  void bitmapsRoundTrip(@ForAll("masks") Mask mask) {
    List<byte[]> bitmaps = new ArrayList<>();
    for (int l = 0; l < mask.layout().prunable().size(); l++) {
      bitmaps.add(mask.bitmap(l));
      assertThat(bitmaps.get(l)).hasSize((mask.layout().prunable().get(l).size() + 7) / 8);
      for (int i = 0; i < mask.layout().prunable().get(l).size(); i++) {
        assertThat((bitmaps.get(l)[i / 8] >> (i % 8) & 1) == 1).isEqualTo(mask.isActive(l, i));
      }
    }
    assertThat(Mask.ofBitmaps(mask.layout(), bitmaps)).isEqualTo(mask);
  }

  @Property
  void gatherTakesWhatFactorsLeaveAndScatterAddPutsItBack(@ForAll("masks") Mask mask) {
    float[] parameters = new float[mask.layout().size()];
    for (int i = 0; i < parameters.length; i++) {
      parameters[i] = i + 1;
    }
    float[] factors = mask.factors();
    float[] expected = new float[parameters.length];
    for (int i = 0; i < expected.length; i++) {
      expected[i] = factors[i] * parameters[i];
    }

    float[] active = mask.gather(parameters);
    assertThat(active).hasSize(mask.activeParameters()).doesNotContain(0).isSorted();
    float[] scattered = new float[parameters.length];
    mask.scatterAdd(active, scattered);
    assertThat(scattered).isEqualTo(expected);
    mask.scatterAdd(active, scattered);
    assertThat(mask.gather(scattered)).isEqualTo(doubled(active));
    mask.zeroPruned(parameters);
    assertThat(parameters).isEqualTo(expected);
  }

  @Property
  void countsAndDensitiesFollowFromTheBits(@ForAll("masks") Mask mask) {
    ParameterLayout layout = mask.layout();
    float[] factors = mask.factors();
    int kept = 0;
    for (int l = 0; l < layout.prunable().size(); l++) {
      ParameterTensor tensor = layout.prunable().get(l);
      int layer = 0;
      for (int i = 0; i < tensor.size(); i++) {
        layer += factors[tensor.offset() + i] == 1 ? 1 : 0;
        assertThat(factors[tensor.offset() + i] == 1).isEqualTo(mask.bits(l).get(i));
      }
      assertThat(mask.kept(l)).isEqualTo(layer);
      assertThat(mask.keptPerLayer()[l]).isEqualTo(layer);
      assertThat(mask.density(l)).isEqualTo((double) layer / tensor.size());
      kept += layer;
    }
    assertThat(mask.kept()).isEqualTo(kept);
    assertThat(mask.density()).isEqualTo((double) kept / layout.prunableSize());
    assertThat(mask.activeParameters()).isEqualTo(kept + layout.size() - layout.prunableSize());
    for (ParameterTensor tensor : layout.tensors()) {
      if (!tensor.prunable()) {
        assertThat(Arrays.copyOfRange(factors, tensor.offset(), tensor.end())).containsOnly(1);
      }
    }
  }

  @Property
  void theFullMaskGrewWhereAMaskHasNone(@ForAll("masks") Mask mask) {
    Mask full = Mask.full(mask.layout());
    assertThat(full.density()).isEqualTo(1);
    int[] grown = full.grownSince(mask);
    for (int l = 0; l < grown.length; l++) {
      assertThat(grown[l]).isEqualTo(full.kept(l) - mask.kept(l));
    }
    assertThat(mask.grownSince(full)).containsOnly(0);
  }

  @Property
  void aModelIsItsBitmapsAndItsActiveValues(@ForAll("masks") Mask mask) {
    long bytes = 4L * mask.activeParameters();
    for (int l = 0; mask.density() < 1 && l < mask.layout().prunable().size(); l++) {
      bytes += mask.bitmap(l).length;
    }
    assertThat(mask.modelBytes()).isEqualTo(bytes);
    assertThat(Mask.full(mask.layout()).modelBytes()).isEqualTo(4L * mask.layout().size());
  }

  @Test
  void bitsThatDoNotFitAreRefused() {
    ParameterLayout layout = ParameterLayout.builder().weight("w", List.of(1, 9)).build();
    BitSet tenth = new BitSet();
    tenth.set(9);
    assertThatThrownBy(() -> Mask.of(layout, List.of(tenth)))
        .hasMessage("The mask of layer w reaches behind its 9 weights.");
    assertThatThrownBy(() -> Mask.of(layout, List.of()))
        .hasMessage("A mask needs 1 layers, not 0.");
    assertThatThrownBy(() -> Mask.ofBitmaps(layout, List.of(new byte[1])))
        .hasMessage("The bitmap of layer w has 1 bytes, but 9 weights need 2.");
    assertThatThrownBy(() -> Mask.ofBitmaps(layout, List.of(new byte[] {0, 4})))
        .hasMessage("The mask of layer w reaches behind its 9 weights.");
  }

  @Provide
  Arbitrary<Mask> masks() {
    return Arbitraries.longs().map(MaskTest::mask);
  }

  private static Mask mask(long seed) {
    SplitMix64 random = new SplitMix64(seed);
    ParameterLayout.Builder builder = ParameterLayout.builder();
    int layers = 1 + random.nextInt(4);
    for (int l = 0; l < layers; l++) {
      builder.weight("layer" + l, List.of(1 + random.nextInt(5), 1 + random.nextInt(40)));
      if (random.nextBoolean()) {
        builder.bias("layer" + l, 1 + random.nextInt(5));
      }
      if (random.nextBoolean()) {
        int channels = 1 + random.nextInt(5);
        builder.unprunableWeight("norm" + l, List.of(channels));
        if (random.nextBoolean()) {
          builder.bias("norm" + l, channels).runningStatistics("norm" + l, channels);
        }
      }
    }
    ParameterLayout layout = builder.build();
    List<BitSet> bits = new ArrayList<>();
    for (ParameterTensor tensor : layout.prunable()) {
      double density = random.nextInt(5) / 4.0;
      BitSet layer = new BitSet();
      for (int i = 0; i < tensor.size(); i++) {
        layer.set(i, random.nextDouble() < density);
      }
      bits.add(layer);
    }
    return Mask.of(layout, bits);
  }

  private static float[] doubled(float[] values) {
    float[] doubled = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      doubled[i] = 2 * values[i];
    }
    return doubled;
  }
}
