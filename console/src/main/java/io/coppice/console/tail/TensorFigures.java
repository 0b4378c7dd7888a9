package io.coppice.console.tail;

import io.coppice.learning.encoding.Encoding;
import io.coppice.replay.LogTensors;
import io.coppice.schemas.TensorEncoding;
import java.nio.ByteBuffer;
import java.util.Optional;
import org.apache.avro.Schema;
import org.apache.avro.generic.IndexedRecord;

/**
 * What there is to say about a tensor in place of its values; with a NaN among them, min, max and norm are NaN.
 *
 * @param count number of values
 * @param min the smallest; positive infinity if there are none
 * @param max the largest; negative infinity if there are none
 * @param norm Euclidean norm
 * @param nonZero how many are not zero
 */
record TensorFigures(int count, float min, float max, double norm, int nonZero) {

  /**
   * The figures of a record's tensor, of as many values and in the encoding that the record names, else FLOAT32 and as many as the
   * bytes are.
   *
   * @return empty if the bytes are not such values
   */
  static Optional<TensorFigures> of(IndexedRecord record, ByteBuffer tensor) {
    Encoding encoding =
        field(record, "encoding") instanceof TensorEncoding named
            ? LogTensors.encoding(named)
            : Encoding.FLOAT32;
    int count =
        field(record, "valueCount") instanceof Integer named
            ? named
            : tensor.remaining() / encoding.bytesPerValue();
    if (encoding.fault(tensor, count).isPresent()) {
      return Optional.empty();
    }
    float[] values = new float[count];
    encoding.decode(tensor, values, 0, count);
    return Optional.of(of(values));
  }

  private static Object field(IndexedRecord record, String name) {
    Schema.Field field = record.getSchema().getField(name);
    return field == null ? null : record.get(field.pos());
  }

  private static TensorFigures of(float[] values) {
    float min = Float.POSITIVE_INFINITY;
    float max = Float.NEGATIVE_INFINITY;
    double squares = 0;
    int nonZero = 0;
    for (float value : values) {
      min = Math.min(min, value);
      max = Math.max(max, value);
      squares += (double) value * value;
      nonZero += value == 0 ? 0 : 1;
    }
    return new TensorFigures(values.length, min, max, Math.sqrt(squares), nonZero);
  }
}
