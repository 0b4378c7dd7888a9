package io.coppice.console.definition;

/**
 * What a key says, or what holds where it says nothing.
 *
 * @param value the default where the key is absent, or is not as it should be
 * @param place of the value; where the key is absent that of its group
 * @param isGiven whether the key is there
 * @param isSound false if the key is not as it should be, which is noted already
 */
record Value<V>(V value, Place place, boolean isGiven, boolean isSound) {

  /** Another value at the same place. */
  <W> Value<W> with(W other) {
    return new Value<>(other, place, isGiven, isSound);
  }
}
