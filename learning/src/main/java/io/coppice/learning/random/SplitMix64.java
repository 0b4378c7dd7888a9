package io.coppice.learning.random;

import java.nio.charset.StandardCharsets;
import java.util.random.RandomGenerator;

/**
 * SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, OOPSLA 2014), written out so that a seed
 * means the same numbers on every machine and under every Java version. The k-th number, from 1, is {@code mix(seed + k x
 * 0x9E3779B97F4A7C15)}.
 *
 * <p>Not thread-safe.
 */
public final class SplitMix64 implements RandomGenerator {

  private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;

  private long state;

  public SplitMix64(long seed) {
    state = seed;
  }

  /**
   * One seed from several numbers, such as a run's seed, an agent and an epoch. Every number, its place included, changes the
   * result.
   */
  public static long seed(long... parts) {
    long seed = 0;
    for (long part : parts) {
      seed = mix(seed + GOLDEN_GAMMA + mix(part + GOLDEN_GAMMA));
    }
    return seed;
  }

  /** A number from a name: 64-bit FNV-1a of its UTF-8 bytes, mixed. */
  public static long seed(String name) {
    long hash = 0xCBF29CE484222325L;
    for (byte b : name.getBytes(StandardCharsets.UTF_8)) {
      hash = (hash ^ (b & 0xff)) * 0x100000001B3L;
    }
    return mix(hash);
  }

  @Override
  public long nextLong() {
    state += GOLDEN_GAMMA;
    return mix(state);
  }

  /**
   * A number in [0, bound), each with the same probability (Lemire: Fast Random Integer Generation in an Interval, 2019, on
   * the upper 32 bits of each step).
   */
  @Override
  public int nextInt(int bound) {
    if (bound < 1) {
      throw new IllegalArgumentException("The bound is at least 1, not " + bound + ".");
    }
    long product = (nextLong() >>> 32) * bound;
    if ((product & 0xffff_ffffL) < bound) {
      long reject = (1L << 32) % bound;
      while ((product & 0xffff_ffffL) < reject) {
        product = (nextLong() >>> 32) * bound;
      }
    }
    return (int) (product >>> 32);
  }

  /** A number in [0, 1), a multiple of 2^-53. */
  @Override
  public double nextDouble() {
    return (nextLong() >>> 11) * 0x1p-53;
  }

  /** A standard normal number, by Marsaglia's polar method in strict arithmetic. */
  @Override
  public double nextGaussian() {
    while (true) {
      double x = 2 * nextDouble() - 1;
      double y = 2 * nextDouble() - 1;
      double square = x * x + y * y;
      if (square > 0 && square < 1) {
        return x * StrictMath.sqrt(-2 * StrictMath.log(square) / square);
      }
    }
  }

  /** The numbers 0 to size - 1 in random order (Fisher-Yates, from the last place down). */
  public int[] permutation(int size) {
    int[] permutation = new int[size];
    for (int i = 0; i < size; i++) {
      permutation[i] = i;
    }
    for (int i = size - 1; i > 0; i--) {
      int j = nextInt(i + 1);
      int swapped = permutation[i];
      permutation[i] = permutation[j];
      permutation[j] = swapped;
    }
    return permutation;
  }

  private static long mix(long z) {
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
