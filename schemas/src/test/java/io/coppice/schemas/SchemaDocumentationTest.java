package io.coppice.schemas;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.specific.SpecificData;
import org.junit.jupiter.api.Test;

class SchemaDocumentationTest {

  @Test
  void everyRecordFieldAndEnumIsDocumented() {
    Map<String, String> docs = new LinkedHashMap<>();
    TopicValues.CLASSES.values().forEach(type -> collect(SpecificData.get().getSchema(type), docs));
    assertThat(docs)
        .containsKeys("io.coppice.schemas.Tick.runId", "io.coppice.schemas.TensorEncoding")
        .allSatisfy((name, doc) -> assertThat(doc).as(name).isNotBlank().endsWith("."));
  }

  private static void collect(Schema schema, Map<String, String> docs) {
    switch (schema.getType()) {
      case RECORD -> {
        if (docs.putIfAbsent(schema.getFullName(), text(schema.getDoc())) == null) {
          for (Schema.Field field : schema.getFields()) {
            docs.put(schema.getFullName() + "." + field.name(), text(field.doc()));
            collect(field.schema(), docs);
          }
        }
      }
      case ENUM -> docs.put(schema.getFullName(), text(schema.getDoc()));
      case UNION -> schema.getTypes().forEach(branch -> collect(branch, docs));
      case ARRAY -> collect(schema.getElementType(), docs);
      default -> {}
    }
  }

  private static String text(String doc) {
    return doc == null ? "" : doc;
  }
}
